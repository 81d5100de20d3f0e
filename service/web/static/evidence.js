/** Cuts a text into its lines, and each at the edges of its evidence.
 *
 * Evidence is placed by code points, a string's own places are UTF-16 units:
 * before every character outside the basic plane, such as an emoji, they differ.
 * Where spans overlap, the shortest one, which says most, counts.
 *
 * @returns {{text: string, evidence: object | null}[][]} the lines' pieces, in order
 */
export function cut(text, evidence) {
  let from = 0;
  const lines = text.match(/[^\n]+\n?|\n/g) ?? [];
  return lines.map((line) => {
    const points = Array.from(line);
    const first = from;
    from += points.length;
    return pieces(points, first, evidence);
  });
}

/** The pieces of the code points from a place on. */
function pieces(points, first, evidence) {
  const last = first + points.length;
  const here = evidence.filter((one) => one.start < last && first < one.end);
  const edges = new Set([first, last]);
  for (const { start, end } of here) edges.add(Math.max(first, start)).add(Math.min(last, end));
  const places = [...edges].sort((one, other) => one - other);
  return places.slice(1).map((end, index) => {
    const start = places[index];
    const around = here.filter((one) => one.start <= start && end <= one.end);
    around.sort((one, other) => one.end - one.start - (other.end - other.start));
    return { text: points.slice(start - first, end - first).join(""), evidence: around[0] ?? null };
  });
}

/** How strongly a span is shown: 1 to 3, or 0 where it speaks against the topic. */
export function strength(weight, evidence) {
  if (weight <= 0) return 0;
  const most = Math.max(...evidence.map((one) => one.weight));
  return Math.min(3, Math.max(1, Math.ceil((3 * weight) / most)));
}
