import { expect, test } from "vitest";
import {
  booleanSetting,
  choiceSetting,
  integerSetting,
  listSetting,
  portSetting,
  urlSetting,
} from "../../../src/service/config/index.ts";

test.each([
  ["true", true],
  ["Yes", true],
  ["on", true],
  ["FALSE", false],
  ["0", false],
])("reads the boolean %s", (text, value) => expect(booleanSetting(!value).parse(text)).toBe(value));

test.each(["2", "y", "enabled", " true"])("not a boolean: %s", (text) => {
  expect(booleanSetting(false).safeParse(text).success).toBe(false);
});

test.each(["", "http", "8000.0", "-1", "65536", " 80"])("not a port: %j", (text) => {
  expect(portSetting(1).safeParse(text).success).toBe(false);
});

test("port 0 and 65535 are the edges", () => {
  expect(portSetting(1).parse("0")).toBe(0);
  expect(portSetting(1).parse("65535")).toBe(65535);
});

test("integers keep their range", () => {
  const schema = integerSetting(60, { minimum: 1, maximum: 3600 });
  expect(schema.parse("3600")).toBe(3600);
  expect(schema.safeParse("0").success).toBe(false);
  expect(schema.safeParse("3601").success).toBe(false);
});

test("a URL loses its trailing slashes and keeps its path", () => {
  expect(urlSetting().parse("http://localhost:8080/")).toBe("http://localhost:8080");
  expect(urlSetting().parse("https://auth.example/realms/x//")).toBe("https://auth.example/realms/x");
});

test.each([
  "localhost:8080",
  "ftp://localhost",
  "http:localhost",
  "//localhost",
  "http://user:secret@localhost",
  "http://localhost/?x=1",
  "http://localhost/#x",
])("not a URL setting: %s", (text) => expect(urlSetting().safeParse(text).success).toBe(false));

test("a list accepts commas and spaces, drops blanks and duplicates", () => {
  expect(listSetting().parse("a, b  a,\nc,,")).toEqual(["a", "b", "c"]);
  expect(listSetting(["x"]).parse(undefined)).toEqual(["x"]);
});

test("a choice is one of its words in any case, and an error lists them", () => {
  const schema = choiceSetting(["hwk", "jwks"], "jwks");
  expect(schema.parse("HWK")).toBe("hwk");
  expect(schema.parse(undefined)).toBe("jwks");
  expect(schema.safeParse("jwt").error?.issues[0]?.message).toBe("expected one of hwk, jwks");
});
