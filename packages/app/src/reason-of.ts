const deepest = 5;
const mostLength = 500;

/** What an error, or whatever else was thrown, says, with its causes: `fetch failed: connect ECONNREFUSED 127.0.0.1:9`. Never throws. */
export function reasonOf(error: unknown): string {
  try {
    const text = saidBy(error, deepest);
    return text.length > mostLength ? `${text.slice(0, mostLength)}…` : text;
  } catch {
    return "something was thrown that cannot be read";
  }
}

function saidBy(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message || ownWords(error, depth);
  const cause = error.cause instanceof Error && depth > 0 ? saidBy(error.cause, depth - 1) : "";
  return text.includes(cause) ? text : `${text}: ${cause}`;
}

/** A refused connection to a name with several addresses is one error without a message for all of them. */
function ownWords(error: Error, depth: number): string {
  if (error instanceof AggregateError && error.errors.length > 0 && depth > 0) {
    return error.errors.map((each: unknown) => saidBy(each, depth - 1)).join("; ");
  }
  return "code" in error ? String(error.code) : error.name;
}
