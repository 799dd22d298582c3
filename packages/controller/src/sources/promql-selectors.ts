import { parser } from "@prometheus-io/lezer-promql";

/** A selector of a query, `errors_total{revision="12"}`, without its offset. */
export interface Selector {
  readonly text: string;
  /** What it selects from, for people: the metric's name, or all of it where it has none. */
  readonly metric: string;
  /** The window around it, `5m`; null: it is taken at an instant. */
  readonly range: string | null;
}

const windows = ["MatrixSelector", "SubqueryExpr"];

/** The selectors of a query, each once; null when it is none that is understood. */
export function selectorsOf(query: string): readonly Selector[] | null {
  const found = new Map<string, Selector>();
  const cursor = parser.parse(query).cursor();
  do {
    if (cursor.type.isError) return null;
    if (cursor.name !== "VectorSelector") continue;
    const { node } = cursor;
    const name = node.getChild("Identifier");
    const text = query.slice(node.from, node.to);
    let around = node.parent;
    while (around !== null && !windows.includes(around.name)) around = around.parent;
    const duration = around?.getChild("DurationExpr") ?? null;
    const range = duration === null ? null : query.slice(duration.from, duration.to);
    const metric = name === null ? text : query.slice(name.from, name.to);
    found.set(`${text} ${range}`, { text, metric, range });
  } while (cursor.next());
  return [...found.values()];
}
