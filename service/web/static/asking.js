/** The text without halves of surrogate pairs, which the service would refuse. */
export function wellFormed(text) {
  return text.toWellFormed ? text.toWellFormed() : text;
}

/** Posts an article.
 *
 * @param prefer "precision", "recall" or null, whose thresholds count
 * @param key an API key, or null
 * @returns {{answer: object} | {problem: object}} what the service answered
 * @throws where it did not answer
 */
export async function ask(address, article, prefer, key, signal) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["X-API-Key"] = key; // Authorization may be a proxy's
  const response = await fetch(address, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...article, prefer, explain: true }),
    signal,
  });
  if (response.ok) return { answer: await response.json() };
  const told = await response.json().catch(() => ({})); // a proxy may answer in HTML
  const { field, detail } = told;
  const requestId = response.headers.get("X-Request-ID");
  return { problem: { status: response.status, field, detail, requestId } };
}
