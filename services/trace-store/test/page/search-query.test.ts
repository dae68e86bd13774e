import { expect, test } from "vitest";

/** The page's scripts are plain JavaScript, without declarations. */
const { readSearch } = await import(new URL("../../src/page/assets/search-query.js", import.meta.url).href);
const read = (address: string) => readSearch(new URLSearchParams(address));
const tagsOf = (text: string) => read(String(new URLSearchParams({ tags: text })));

test("an empty address is everything of two days, twenty of it", () => {
  const all = { service: "", operation: "", tags: {}, minDuration: "", lookbackSeconds: 172_800, limit: 20 };
  expect(read("")).toEqual({ ...all, problems: [] });
  // What the form sends when nothing is filled in.
  expect(read("service=&tags=&minDuration=&lookback=172800&limit=20")).toEqual({ ...all, problems: [] });
});

test.each([
  ["error=true", { error: "true" }],
  ['  a=1   b="two words" ', { a: "1", b: "two words" }],
  ["url=http://x/?a=b empty=", { url: "http://x/?a=b", empty: "" }],
  ['{"error":"true","http.status":401,"ok":false}', { error: "true", "http.status": "401", ok: "false" }],
  ["{}", {}],
])("tags %s", (text, tags) => {
  expect(tagsOf(text)).toMatchObject({ tags, problems: [] });
});

test.each([
  ["garbage", "Tags: garbage is not of the form"],
  ["error=true stray", "Tags: stray is not"],
  ["=x", "Tags: =x is not"],
  ['{"error":"true"', 'Tags: {"error":"true" is no JSON'],
  ['{"error":null}', 'Tags: {"error":null} is no JSON'],
  ['{"a":{"b":"c"}}', "is no JSON"],
])("tags %s are not understood, and that is said", (text, message) => {
  expect(tagsOf(text).problems).toEqual([{ name: "tags", message: expect.stringContaining(message) }]);
});

test.each([
  ["900", 900],
  ["90s", 90],
  ["15m", 900],
  ["1h", 3600],
  ["2d", 172_800],
  ["1w", 604_800],
])("lookback %s", (text, lookbackSeconds) => {
  expect(read(`lookback=${text}`)).toMatchObject({ lookbackSeconds, problems: [] });
});

test.each([
  ["lookback=xyz", "lookback", "Within the last: xyz is no time"],
  ["lookback=0", "lookback", "0 is no time"],
  ["lookback=custom", "lookback", "custom is no time"],
  ["lookback=999999999w", "lookback", "is no time"],
  ["limit=many", "limit", "At most: many is no whole number"],
  ["limit=0", "limit", "0 is no whole number"],
  ["minDuration=long", "minDuration", "At least: long is no duration"],
  ["maxDuration=1s", "maxDuration", "does not search by maxDuration"],
  ["tag=error:true", "tag", "does not search by tag"],
])("%s is not understood, and that is said", (address, name, message) => {
  expect(read(address).problems).toEqual([{ name, message: expect.stringContaining(message) }]);
});

test("each problem is said", () => {
  expect(read("tags=a&lookback=b&limit=c").problems).toHaveLength(3);
});
