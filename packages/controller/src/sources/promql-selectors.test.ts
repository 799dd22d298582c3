import { expect, it } from "vitest";
import { selectorsOf } from "./promql-selectors.ts";

const textsOf = (query: string) =>
  selectorsOf(query)?.map(({ text, range }) => (range === null ? text : `${text} in ${range}`));

it("finds the selectors of a query, each with its own window, without offset", () => {
  expect(
    textsOf(
      `histogram_quantile(0.95, sum by (le) (rate(d_bucket{a="b{c}"}[5m] offset 1m)))
       / on (job) group_left (up) max_over_time(sum(rate(up[1h30m]))[2h:1m]) # and so on
       + {__name__=~"x.+"} @ 5 > bool vector(2)`,
    ),
  ).toEqual([`d_bucket{a="b{c}"} in 5m`, "up in 1h30m", `{__name__=~"x.+"}`]);
});

it("names their metrics", () => {
  const metrics = selectorsOf('a{b="1"} or a or {c="2"} or ns:a:rate5m')?.map((s) => s.metric);
  expect(metrics).toEqual(["a", "a", '{c="2"}', "ns:a:rate5m"]);
});

it("finds none in numbers, and understands nothing that is no query", () => {
  expect(selectorsOf("1 + time() - scalar(vector(3))")).toEqual([]);
  expect(selectorsOf("sum(up")).toBeNull();
});
