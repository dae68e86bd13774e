import { readdirSync, readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { expandEnvironment } from "../../src/configuration/expand-environment.ts";

/** `schema/config.json` of an Agentgateway release; not in this repository. */
const SCHEMA = process.env.AGENTGATEWAY_SCHEMA;
const FOLDER = new URL("../../../../agentgateway/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => /^config.*\.yaml$/.test(name));

describe.skipIf(!SCHEMA)("the upstream JSON schema", () => {
  const ajv = new Ajv.default({ strict: false, allErrors: true, logger: false });
  const validate = SCHEMA ? ajv.compile(JSON.parse(readFileSync(SCHEMA, "utf8"))) : undefined;
  const documentOf = (name: string) => {
    const text = expandEnvironment({
      text: readFileSync(new URL(name, FOLDER), "utf8"),
      source: name,
      env: {},
    });
    return parse(text) as { binds: [{ listeners: [{ routes: [{ policies: object }] }] }] };
  };

  test.each(files)("accepts the file %s", (name) => {
    validate!(documentOf(name));
    expect(validate!.errors ?? []).toEqual([]);
  });

  test("refuses a policy that upstream does not know", () => {
    const document = documentOf("config.yaml");
    Object.assign(document.binds[0].listeners[0].routes[0].policies, { aauth: { mode: "optional" } });
    expect(validate!(document)).toBe(false);
  });
});
