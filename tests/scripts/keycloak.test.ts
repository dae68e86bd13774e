import { chmod, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import { describeStack } from "../../scripts/demo/describe-stack.ts";
import { DEMO_MODES, DEMO_PORTS } from "../../scripts/demo/stack.ts";
import { keycloakDistribution, keycloakHome } from "../../scripts/keycloak/distribution.ts";
import { findJavaTools, KeycloakUnavailableError } from "../../scripts/keycloak/java-tools.ts";
import { realmRepresentation } from "../../scripts/keycloak/realm-representation.ts";
import { LISTENER_LIMITS } from "../../scripts/keycloak/start-keycloak.ts";
import { parseRealm } from "../../services/auth-server/src/realm/realm.ts";

const REALM_FILE = new URL("../../keycloak/realm/aauth-test-realm.json", import.meta.url);
const OTHER_UI = "http://localhost:4000";
const ORIGINS = { uiUrl: OTHER_UI, personServerUrl: "http://localhost:4322" };

test("a moved web page is a client of the same realm on both auth servers", async () => {
  const json = await readFile(REALM_FILE, "utf8");
  const { clients } = realmRepresentation(json, ORIGINS);
  const ours = parseRealm(json, ORIGINS).clients;
  const addresses = (client: {
    rootUrl?: string | undefined;
    redirectUris?: readonly string[];
    webOrigins?: readonly string[];
  }) => [client.rootUrl, client.redirectUris, client.webOrigins];
  expect(clients?.map(addresses)).toEqual(ours.map(addresses));
  expect(clients?.[0]).toMatchObject({
    rootUrl: OTHER_UI,
    redirectUris: [`${OTHER_UI}/`, `${OTHER_UI}/silent-check-sso.html`],
  });
});

test("attributes of a run replace those of the file, one by one", async () => {
  const json = await readFile(REALM_FILE, "utf8");
  const { attributes } = realmRepresentation(json, { attributes: { "aauth.token.lifespan": "60" } });
  expect(attributes).toMatchObject({ "aauth.token.lifespan": "60", "aauth.exchange.max.depth": "10" });
});

/** A folder with programs of these names, which print the given text on standard error. */
async function folderWith(programs: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "programs-"));
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\necho '${text}' >&2\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

const JAVA_21 = 'openjdk version "21.0.2" 2024-01-16';

test("a JDK and Maven are found", async () => {
  const folder = await folderWith({ java: JAVA_21, mvn: "" });
  expect(findJavaTools({ PATH: folder })).toEqual({
    java: join(folder, "java"),
    maven: join(folder, "mvn"),
  });
});

test.each([
  [{}, "Keycloak needs a JDK and Maven"],
  [{ java: JAVA_21 }, "Keycloak needs Maven"],
  [{ mvn: "" }, "Keycloak needs a JDK,"],
  [{ java: 'java version "1.8.0_402"', mvn: "" }, "Keycloak needs Java 17 or newer"],
] as [Record<string, string>, string][])(
  "with %j it names the missing part and a remedy",
  async (programs, text) => {
    const env = { PATH: await folderWith(programs) };
    expect(() => findJavaTools(env)).toThrow(KeycloakUnavailableError);
    expect(() => findJavaTools(env)).toThrow(text);
    expect(() => findJavaTools(env)).toThrow("apt-get install default-jdk-headless maven");
    // Fails before anything is started, as a mistake in the flag.
    expect(() => readDemoSettings(env, ["--auth-server", "keycloak"])).toThrow(text);
  },
);

test("the version is the one that the provider is built for, and the documents name it", async () => {
  const { version } = await keycloakDistribution();
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  for (const file of ["docs/february-2026/auth-servers.md", "docker-compose.yml", "keycloak/Dockerfile"]) {
    expect(await readFile(new URL(`../../${file}`, import.meta.url), "utf8"), file).toContain(version);
  }
});

/** A Maven that fetches something other than Keycloak. */
const OTHER_MAVEN = `#!/bin/sh
for word; do case "$word" in
  -DoutputDirectory=*) folder="\${word#*=}";;
  -Dartifact=*) version="\${word%:zip}"; version="\${version##*:}";;
  *:copy|*:unpack) goal="\${word##*:}";;
esac; done
case "$goal" in
  copy) echo other > "$folder/keycloak-quarkus-dist-$version.zip";;
  unpack) mkdir -p "$folder/keycloak/bin" && touch "$folder/keycloak/bin/kc.sh";;
esac
`;

test("A19: a distribution with another SHA-256 than the pinned one is not unpacked", async () => {
  const [programs, cache] = [await folderWith({}), await folderWith({})];
  const maven = join(programs, "mvn");
  await writeFile(maven, OTHER_MAVEN, { mode: 0o755 });
  const { signal } = new AbortController();
  const fetched = keycloakHome(maven, { log: () => {}, signal }, cache);
  await expect(fetched).rejects.toThrow(KeycloakUnavailableError);
  await expect(fetched).rejects.toThrow(/SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
  expect(await readdir(cache)).toEqual([]);
});

test("A12: docker-compose.yml bounds Keycloak's listener as the demo does", async () => {
  const compose = await readFile(new URL("../../docker-compose.yml", import.meta.url), "utf8");
  for (const [name, value] of Object.entries(LISTENER_LIMITS))
    expect(compose).toMatch(new RegExp(`^ {6}${name}: "?${value}"?$`, "m"));
});

test("only Keycloak uses its health port, and it is ready when the realm is", () => {
  const authServer = (kind: typeof DEMO_MODES.authServer) =>
    describeStack(DEMO_PORTS, { ...DEMO_MODES, authServer: kind }).find(
      ({ name }) => name === "auth-server",
    )!;
  expect(authServer("embedded").ports.map(({ port }) => port)).toEqual([8080]);
  expect(authServer("keycloak").ports.map(({ port }) => port)).toEqual([8080, 9000]);
  expect(authServer("keycloak").healthUrl).toMatch(/\/realms\/aauth-test\/.well-known\/aauth-issuer$/);
});
