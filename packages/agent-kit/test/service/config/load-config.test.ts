import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  booleanSetting,
  ConfigError,
  HelpRequested,
  listSetting,
  loadConfig,
  portSetting,
  setting,
  urlSetting,
} from "../../../src/service/config/index.ts";

const settings = {
  port: setting({
    env: "PORT",
    flag: "port",
    shortFlag: "p",
    schema: portSetting(8000),
    description: "TCP port",
  }),
  scheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    flag: "signature-scheme",
    schema: z.enum(["hwk", "jwks"]).default("hwk"),
    description: "How requests are signed",
  }),
  showTokens: setting({
    env: "SHOW",
    flag: "show-tokens",
    schema: booleanSetting(false),
    description: "Show them",
  }),
  origins: setting({ env: "ORIGINS", schema: listSetting(), description: "Origins" }),
  authServer: setting({
    env: "AUTH",
    schema: urlSetting("http://localhost:8080"),
    description: "Auth server",
  }),
  password: setting({
    env: "PASSWORD",
    schema: z.string().min(8).default("default-password"),
    description: "Password",
    secret: true,
  }),
  ui: setting({ flag: "ui", schema: booleanSetting(true), description: "Leave the page out" }),
  file: setting({ flag: "file", schema: z.string().optional(), description: "File" }),
};

function load(env: NodeJS.ProcessEnv = {}, argv: string[] = []) {
  return loadConfig({ service: "tester", settings, env, argv });
}

function problemsOf(env: NodeJS.ProcessEnv, argv: string[] = []): Record<string, string> {
  try {
    load(env, argv);
  } catch (error) {
    if (error instanceof ConfigError) {
      return Object.fromEntries(error.problems.map(({ name, message }) => [name, message]));
    }
    throw error;
  }
  return {};
}

describe("precedence", () => {
  test("defaults when nothing is set", () => {
    expect(load()).toEqual({
      port: 8000,
      scheme: "hwk",
      showTokens: false,
      origins: [],
      authServer: "http://localhost:8080",
      password: "default-password",
      ui: true,
      file: undefined,
    });
  });

  test("the environment beats the default, a flag beats the environment", () => {
    expect(load({ PORT: "9000" }).port).toBe(9000);
    expect(load({ PORT: "9000" }, ["--port", "9001"]).port).toBe(9001);
    expect(load({ PORT: "9000" }, ["--port=9002"]).port).toBe(9002);
    expect(load({ PORT: "9000" }, ["-p", "9003"]).port).toBe(9003);
  });

  test("a boolean flag is a switch and can be turned off", () => {
    expect(load({}, ["--show-tokens"]).showTokens).toBe(true);
    expect(load({ SHOW: "true" }, ["--no-show-tokens"]).showTokens).toBe(false);
    expect(load({}, ["--no-ui"]).ui).toBe(false);
  });

  test("the result is frozen and typed by its schemas", () => {
    const config = load();
    expect(Object.isFrozen(config)).toBe(true);
    expectTypeOf(config.port).toEqualTypeOf<number>();
    expectTypeOf(config.scheme).toEqualTypeOf<"hwk" | "jwks">();
    expectTypeOf(config.file).toEqualTypeOf<string | undefined>();
  });
});

describe("refuses invalid settings", () => {
  test("all problems at once, each under the name the user wrote", () => {
    const problems = problemsOf(
      { PORT: "80000", AAUTH_SIGNATURE_SCHEME: "jwt", AAUTH_SIGNATURE_SHEME: "hwk", AUTH: "nowhere" },
      ["--prot", "1", "--show-tokens=perhaps"],
    );
    expect(Object.keys(problems).sort()).toEqual(
      ["--prot", "--show-tokens", "AAUTH_SIGNATURE_SCHEME", "AAUTH_SIGNATURE_SHEME", "AUTH", "PORT"].sort(),
    );
    expect(problems.PORT).toBe('expected a whole number from 0 to 65535, got "80000" (TCP port)');
    expect(problems["--prot"]).toContain("did you mean --port?");
    expect(problems.AAUTH_SIGNATURE_SHEME).toContain("did you mean AAUTH_SIGNATURE_SCHEME?");
    expect(problems.AAUTH_SIGNATURE_SCHEME).toContain("hwk");
  });

  test("an unknown AAUTH_ variable, but not a sibling's or another program's", () => {
    expect(problemsOf({ AAUTH_NOT_THERE: "1" })).toHaveProperty("AAUTH_NOT_THERE");
    expect(problemsOf({ AAUTH_AUTHORIZATION_SCHEME: "autonomous", NOT_OURS: "1" })).toEqual({});
  });

  test("a renamed variable, with the new name, in every service", () => {
    const problem = "unknown variable; it is PERSON_SERVER_ID now";
    expect(problemsOf({ AUTH_SERVER_PERSON_SERVER: "https://a.example" })).toEqual({
      AUTH_SERVER_PERSON_SERVER: problem,
    });
    expect(problemsOf({ AUTH_SERVER_PERSON_SERVER: "", AUTH_SERVER_PERSON_SERVER_URL: "x" })).toEqual({});
  });

  test("a flag without its value", () => {
    expect(problemsOf({}, ["--port"])).toEqual({ "--port": "needs a value" });
    expect(problemsOf({}, ["--port="])).toEqual({ "--port": "needs a value" });
    expect(problemsOf({}, ["--file", "--show-tokens"])).toEqual({ "--file": "needs a value" });
  });

  test("a value of a switch, which could contradict its name", () => {
    const message = "takes no value; --ui turns it on, --no-ui off";
    expect(problemsOf({}, ["--no-ui=false"])).toEqual({ "--no-ui": message });
    expect(problemsOf({}, ["--ui=false"])).toEqual({ "--ui": message });
    expect(problemsOf({}, ["--no-ui="])).toEqual({ "--no-ui": message });
    expect(problemsOf({}, ["--no-ui", "false"])).toEqual({
      false: "unexpected argument; settings are given as --name value",
    });
  });

  test("a stray argument, but not also the value of an unknown flag", () => {
    expect(Object.keys(problemsOf({}, ["stray"]))).toEqual(["stray"]);
    expect(Object.keys(problemsOf({}, ["--strange", "value"]))).toEqual(["--strange"]);
  });

  test("a missing required setting, as required", () => {
    const required = { url: setting({ env: "URL", schema: urlSetting(), description: "Where" }) };
    expect(() => loadConfig({ service: "tester", settings: required, env: {}, argv: [] })).toThrow(
      "URL: is required (Where)",
    );
  });

  test("an invalid secret, without its value", () => {
    const { PASSWORD } = problemsOf({ PASSWORD: "hunter2" });
    expect(PASSWORD).toBeDefined();
    expect(PASSWORD).not.toContain("hunter2");
  });
});

describe("--help", () => {
  test("lists flag, variable, default and sentence, even when other settings are wrong", () => {
    let text = "";
    try {
      load({ PORT: "x" }, ["--help"]);
    } catch (error) {
      if (!(error instanceof HelpRequested)) throw error;
      text = error.text;
    }
    expect(text).toMatch(/-p, --port +PORT +8000 +TCP port/);
    expect(text).toMatch(/--show-tokens +SHOW +false +Show them/);
    expect(text).toMatch(/--no-ui +- +Leave the page out/);
    expect(text).not.toContain("default-password");
  });
});
