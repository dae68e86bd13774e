import { expect, test } from "vitest";
import { makeGuide } from "../../vite/guide-page.ts";

const html = makeGuide();
const all = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, found = ""]) => found);

test("the guide's anchors exist, each once", () => {
  const ids = all(/ id="([^"]+)"/g);
  expect(new Set(ids).size).toBe(ids.length);
  const anchors = all(/ href="#([^"]+)"/g);
  expect(anchors).toContain("waiting-for-a-person");
  expect(ids).toEqual(expect.arrayContaining(anchors));
});

test("the guide names files of the repository without links", () => {
  const linked = all(/ href="([^"]+)"/g).filter((href) => !/^(?:#|https:)/.test(href));
  expect(linked).toEqual(["/favicon.svg", "/"]);
  expect(html).toContain("(<code>docs/aauth-dpop-or-bearer.md</code>)");
  expect(html).toContain("(<code>packages/aauth-stores/README.md</code>)");
});

test("the guide runs no script, and shows markup of its text as text", () => {
  expect(html).not.toContain("<script");
  const other = makeGuide("<script>x</script>\n\n[y](javascript:z)");
  expect(other).toContain("&lt;script&gt;x");
  expect(other).not.toMatch(/<script|javascript:/);
});

test("a program has the name of its file above it", () => {
  expect(html).toContain("<figcaption>node-http.ts</figcaption>");
  expect(html).not.toContain("<figcaption>fragment</figcaption>");
});
