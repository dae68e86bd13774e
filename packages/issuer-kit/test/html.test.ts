import { expect, test } from "vitest";
import { html, trustedHtml } from "../src/pages/html.ts";

test("text is escaped for elements and attributes, markup is not escaped twice", () => {
  const text = `<b title="x">&'`;
  const escaped = "&#60;b title=&#34;x&#34;&#62;&#38;&#39;";
  expect(html`<p title="${text}">${text}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`);
  expect(html`<p>${html`<i>${text}</i>`}</p>`.text).toBe(`<p><i>${escaped}</i></p>`);
  expect(html`<ul>${[html`<li>1</li>`, html`<li>2</li>`]}</ul>`.text).toBe("<ul><li>1</li><li>2</li></ul>");
  expect(html`${undefined}${0}${trustedHtml("<hr>")}`.text).toBe("0<hr>");
});

test("nothing but html makes markup: an object that looks like it is text", () => {
  expect(() => html`${{ text: "<script>" } as never}`).toThrow(TypeError);
});
