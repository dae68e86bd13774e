/** `AAUTH_PROFILE=draft-11 docker compose up`, in each mode. */

import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, describe, expect, test } from "vitest";
import { SECOND_USER, textOf, User } from "../../contract/auth-server/journey.ts";
import { signIn, WITH_MARKET_ANALYSIS } from "../../support/optimization-run.ts";
import { decideAtPages, endMissionAtPage, revokeAtPage } from "../../support/person-run.ts";
import { LOG_WAIT } from "../../support/start-stack.ts";
import { compose, composeStatus, containers, up, upNew, urls } from "../compose-stack.ts";
import { throughContainers } from "../through-containers.ts";

installLocalhostLookup();
throughContainers();

const START = { timeout: 480_000 };
const DEFAULT_FILES = process.env.COMPOSE_FILE ?? "docker-compose.yml";
const MARKET_SCOPE = "market-analysis:analyze";
let env: Record<string, string> = {};

afterAll(async () => {
  await compose(["down", "--volumes", "--timeout", "4"], { env });
});

async function upIn(mode: string, more: Record<string, string> = {}): Promise<void> {
  env = { AAUTH_PROFILE: "draft-11", AAUTH_MODE: mode, ...more };
  await upNew(env);
}

const logOf = (service: string) => compose(["logs", "--no-color", service], { env });

test("agent-identity: a run goes over both hops without a person", START, async () => {
  await upIn("agent-identity");
  const user = await signIn({ urls });
  const { end, visits } = await decideAtPages(user, await user.run());
  expect([end.status, visits]).toEqual(["completed", []]);
  expect(JSON.stringify(end)).toContain("Market Analysis Report");
  expect(await logOf("ui")).toContain("Ready: AAuth draft -11, mode agent-identity");
  const restarts = [...(await containers(env)).values()].map(({ RestartCount }) => RestartCount);
  expect(new Set(restarts)).toEqual(new Set([0]));
});

test(
  "person-identity: a run that waits at the person server's page continues after the backend was killed",
  START,
  async () => {
    await upIn("person-identity");
    const user = await signIn({ urls });
    const run = await user.run();
    await compose(["kill", "backend"], { env });
    await up(env, ["--no-deps", "backend"]);
    const { end, visits } = await decideAtPages(user, run);
    expect([end.status, visits.length]).toEqual(["completed", 1]);
    // The delegate must not have the file, which contains tokens and the key.
    const volumes = (await containers(env)).get("delegate-agent")!.Mounts.map(({ Name }) => Name);
    expect(volumes).toEqual(["aauth-demo_data"]);
  },
);

describe.each(["person-server", "federated"])("%s", (mode) => {
  test(
    "allowed on the person server's page, a run completes; revoked there, both hops refuse it",
    START,
    async () => {
      // Lets a run have the tokens of the previous one.
      await upIn(mode, {
        AAUTH_AUTH_TOKEN_CACHE_TTL: "3000",
        // The second hop asks the person, too.
        PERSON_SERVER_CONSENT_SCOPES: MARKET_SCOPE,
        ...(mode === "federated" && { ACCESS_SERVER_OWNERS: `name:${SECOND_USER.username}` }),
      });
      const user = await signIn({ urls });
      const browser = new User();
      const next = async (decide?: () => "accept" | "cancel") =>
        decideAtPages(user, await user.run(WITH_MARKET_ANALYSIS), decide, browser);

      const first = await next();
      expect(first.end.status).toBe("completed");
      expect(first.visits.map(({ url }) => new URL(url).origin)).toEqual([
        urls.personServer,
        urls.supplyChainAgent,
      ]);
      expect(first.visits[1]!.text).toContain(MARKET_SCOPE);
      expect(await next()).toMatchObject({ end: { status: "completed" }, visits: [] });

      if (mode === "federated") {
        const granted = await new User().openSignedIn(`${urls.personServer}/access/granted`, SECOND_USER);
        expect(textOf(granted)).toContain("https://market-analysis-agent.localhost");
      }

      await revokeAtPage({ urls }, browser, "aauth:supply-chain-agent@");
      // The person server asks first about the agent, then about the scope, because both were
      // revoked.
      expect(await next()).toMatchObject({ end: { status: "completed" }, visits: [{}, {}] });
      await expect.poll(() => logOf("market-analysis-agent"), LOG_WAIT).toContain("token_revoked");

      await revokeAtPage({ urls }, browser, "aauth:user-");
      const refused = await next(() => "cancel");
      expect(refused).toMatchObject({ end: { status: "failed", failure: { code: "denied" } }, visits: [{}] });
      await expect.poll(() => logOf("supply-chain-agent"), LOG_WAIT).toContain("token_revoked");
    },
  );
});

test(
  "mission: one approval covers both hops, over new containers, until the person ends it",
  START,
  async () => {
    await upIn("mission");
    const user = await signIn({ urls });
    const person = new User();
    const next = async () => decideAtPages(user, await user.run(WITH_MARKET_ANALYSIS), undefined, person);
    expect(await next()).toMatchObject({
      end: { status: "completed" },
      visits: [{ text: expect.stringContaining("Start this mission") }],
    });
    await up(env, ["--force-recreate", "--no-deps", "person-server", "backend"]);
    expect(await next()).toMatchObject({ end: { status: "completed" }, visits: [] });
    await endMissionAtPage({ urls }, person);
    expect(await next()).toMatchObject({
      end: { status: "failed", failure: { code: "mission_terminated" } },
    });
  },
);

test("docker-compose.policy.yml: the gateway has the rules of draft -11", START, async () => {
  await upIn("person-server", { COMPOSE_FILE: `${DEFAULT_FILES}:docker-compose.policy.yml` });
  expect(await compose(["config", "agentgateway"], { env })).toContain("/config-draft-11-policy.yaml");
  const user = await signIn({ urls });
  expect((await decideAtPages(user, await user.run())).end.status).toBe("completed");
  const { headers } = await fetch(urls.supplyChainAgent, { method: "POST" });
  expect(headers.get("aauth-requirement")).toContain("requirement=agent-token");
});

test("an unknown profile is refused with its name", async () => {
  const { status, output } = await composeStatus(["config"], { env: { AAUTH_PROFILE: "draft-12" } });
  expect(status).not.toBe(0);
  expect(output).toContain("compose/draft-12.yml");
});

test.each([
  [{ AAUTH_PROFILE: "february-2026", AAUTH_MODE: "federated" }, "AAUTH_MODE"],
  [{ AAUTH_PROFILE: "draft-11", AAUTH_SIGNATURE_SCHEME: "hwk" }, "AAUTH_SIGNATURE_SCHEME"],
  [{ AAUTH_PROFILE: "draft-11", AAUTH_AUTHORIZATION_SCHEME: "user-delegated" }, "AAUTH_AUTHORIZATION_SCHEME"],
])("a setting of the other profile is refused before anything runs: %j", async (variables, name) => {
  const { status, output } = await composeStatus(["run", "--rm", "--no-deps", "realm"], { env: variables });
  expect(status).toBe(2);
  expect(output).toContain(`${name}: has no meaning with AAUTH_PROFILE=${variables.AAUTH_PROFILE}`);
});
