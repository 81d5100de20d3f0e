/** Cuts a text at the edges of its evidence.
 *
 * Evidence is placed by code points, a string's own places are UTF-16 units:
 * before every character outside the basic plane, such as an emoji, they differ.
 * Where spans overlap, the shortest one, which says most, counts.
 *
 * @returns {{text: string, evidence: object | null}[]} the pieces, in order
 */
export function cut(text, evidence) {
  const points = Array.from(text);
  const edges = new Set([0, points.length]);
  for (const { start, end } of evidence) edges.add(start).add(end);
  const places = [...edges].sort((one, other) => one - other);
  return places.slice(1).map((end, index) => {
    const start = places[index];
    const around = evidence.filter((one) => one.start <= start && end <= one.end);
    around.sort((one, other) => one.end - one.start - (other.end - other.start));
    return { text: points.slice(start, end).join(""), evidence: around[0] ?? null };
  });
}

/** How strongly a span is shown: 1 to 3, or 0 where it speaks against the topic. */
export function strength(weight, evidence) {
  if (weight <= 0) return 0;
  const most = Math.max(...evidence.map((one) => one.weight));
  return Math.min(3, Math.max(1, Math.ceil((3 * weight) / most)));
}
