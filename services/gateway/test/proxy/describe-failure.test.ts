import { expect, test } from "vitest";
import { describeFailure } from "../../src/proxy/describe-failure.ts";

const withCode = (code: string) => Object.assign(new Error("connect to 10.0.0.1:9999"), { code });
const named = (name: string) => Object.assign(new Error("at 10.0.0.1"), { name });

test.each<[string, unknown, string]>([
  ["a code", withCode("ECONNREFUSED"), "ECONNREFUSED"],
  ["a code that is no text", Object.assign(new Error("10.0.0.1"), { code: 7 }), "failed"],
  ["the first of several", new AggregateError([withCode("ENOTFOUND"), withCode("B")], "x"), "ENOTFOUND"],
  ["several that are none", new AggregateError([], "10.0.0.1"), "failed"],
  ["a cause", new Error("10.0.0.1", { cause: withCode("EPIPE") }), "EPIPE"],
  ["what undici's parser throws", named("HTTPParserError"), "HTTPParserError"],
  ["any other", named("Secret10.0.0.1"), "failed"],
  ["a text", "10.0.0.1", "failed"],
  ["nothing", undefined, "failed"],
])("%s is described without an address", (_name, error, text) => {
  expect(describeFailure(error)).toBe(text);
});
