import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StoreUnderTest, startStore } from "../support/store-under-test.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const LONG_ID = "a".repeat(33);

let store: StoreUnderTest;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

const ask = (url: string, accept?: string) =>
  store.app.inject({ url, ...(accept !== undefined && { headers: { accept } }) });

test.each(["/", "/search?tags=a", "/trace/abc", `/trace/${"a".repeat(32)}`, "/trace/nonsense"])(
  "%s is the page",
  async (url) => {
    const answer = await ask(url, BROWSER);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain("/assets/page.js");
  },
);

test.each(["page.js", "search-query.js", "style.css"])("%s is served", async (name) => {
  expect((await ask(`/assets/${name}`)).statusCode).toBe(200);
});

describe.each([
  ["/nothere", "Nothing is served at this address."],
  ["/trace/", "Nothing is served at this address."],
  ["/trace/abc/def", "Nothing is served at this address."],
  [`/trace/${LONG_ID}`, "A trace id is 1 to 32 hex digits."],
  [`/trace/${"a".repeat(2000)}`, "A trace id is 1 to 32 hex digits."],
])("nothing at %s", (url, why) => {
  test("a person gets a page with the way back", async () => {
    const answer = await ask(url, BROWSER);
    expect(answer.statusCode).toBe(404);
    expect(answer.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      vary: expect.stringMatching(/accept/i),
    });
    expect(answer.body).toContain(why);
    expect(answer.body).toContain('<a href="/">Back to the search</a>');
    expect(answer.body).not.toContain("{{");
    expect(answer.body).not.toContain(url);
  });

  test.each([undefined, "*/*", "application/json"])("a program that accepts %s gets JSON", async (accept) => {
    const answer = await ask(url, accept);
    expect(answer.statusCode).toBe(404);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status: 404 });
  });
});

describe.each(["/trace/%E0%A4%A", "/trace/%zz?a=%", "/%"])("%s, which cannot be decoded", (url) => {
  test("a person gets a page with the way back", async () => {
    const { statusCode, headers, body } = await ask(url, BROWSER);
    expect([statusCode, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(body).toContain("The address cannot be read.");
    expect(body).toContain('<a href="/">Back to the search</a>');
  });

  test("a program gets problem details", async () => {
    const { statusCode, headers } = await ask(url, "application/json");
    expect([statusCode, headers["content-type"]]).toEqual([400, "application/problem+json; charset=utf-8"]);
  });
});

test("what is only odd in the query stays the page", async () => {
  expect((await ask("/search?tags=%", BROWSER)).statusCode).toBe(200);
});
