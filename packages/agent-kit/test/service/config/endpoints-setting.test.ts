import { createAddressMap } from "aauth";
import { expect, test } from "vitest";
import { loadConfig, profileSettings } from "../../../src/service/config/index.ts";

const read = (AAUTH_ENDPOINTS: string) =>
  loadConfig({ service: "test", settings: profileSettings, env: { AAUTH_ENDPOINTS }, argv: [] }).endpoints;

const PERSON_SERVER = "https://person-server.localhost";

test("entries are separated by whitespace, and a second address is a browser's", () => {
  const endpoints = read(
    ` ${PERSON_SERVER}=http://127.0.0.1:8080,http://localhost:8080\n https://backend.localhost=http://127.0.0.1:8000 `,
  );
  expect(endpoints).toEqual({
    [PERSON_SERVER]: { connect: "http://127.0.0.1:8080", browser: "http://localhost:8080" },
    "https://backend.localhost": "http://127.0.0.1:8000",
  });
  expect(createAddressMap(endpoints).browserUrl(`${PERSON_SERVER}/consent?code=a`)).toBe(
    "http://localhost:8080/consent?code=a",
  );
});

test.each(["", "  "])("reads an unset value as an empty table: %j", (text) => expect(read(text)).toEqual({}));

test.each([
  [PERSON_SERVER, /identifier=address/],
  [`=http://127.0.0.1:1`, /identifier=address/],
  [`${PERSON_SERVER}=`, /identifier=address/],
  [`${PERSON_SERVER}=http://a.localhost,http://b.localhost,http://c.localhost`, /identifier=address/],
  ["http://person-server.localhost=http://127.0.0.1:1", /expected an identifier/],
  ["https://person-server.localhost:8443=http://127.0.0.1:1", /expected an identifier/],
  ["https://Person-Server.localhost=http://127.0.0.1:1", /expected an identifier/],
  ["https://person-server.localhost/=http://127.0.0.1:1", /expected an identifier/],
  ["https://user@person-server.localhost=http://127.0.0.1:1", /expected an identifier/],
  [`${PERSON_SERVER}=http://127.0.0.1:1 ${PERSON_SERVER}=http://127.0.0.1:2`, /once/],
  [`${PERSON_SERVER}=127.0.0.1:8080`, /expected http or https/],
  [`${PERSON_SERVER}=http://127.0.0.1:8080/`, /expected http or https/],
  [`${PERSON_SERVER}=http://127.0.0.1:8080,localhost:8080`, /expected http or https/],
  [`${PERSON_SERVER}=ws://127.0.0.1:8080`, /expected http or https/],
])("the setting of endpoints rejects %s", (text, message) => {
  expect(() => read(text)).toThrow(message);
  expect(() => read(text)).toThrow("AAUTH_ENDPOINTS");
});

test("the profile is February's unless it is named, and names no other", () => {
  const load = (env: Record<string, string>) =>
    loadConfig({ service: "test", settings: profileSettings, env, argv: [] });
  expect(load({})).toMatchObject({ profile: "february-2026", mode: "person-server" });
  expect(load({ AAUTH_PROFILE: "draft-11", AAUTH_MODE: "federated" })).toMatchObject({
    profile: "draft-11",
    mode: "federated",
  });
  expect(() => load({ AAUTH_PROFILE: "draft-10" })).toThrow(/AAUTH_PROFILE.*february-2026, draft-11/);
  expect(() => load({ AAUTH_MODE: "autonomous" })).toThrow(/AAUTH_MODE.*agent-identity/);
});
