/** Our services beside a Python agent and a Python resource that speak the published demo's dialect, with its own library. */

import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, describe, expect, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { freePort } from "../support/free-ports.ts";
import { signIn } from "../support/optimization-run.ts";
import {
  type ServiceVariables,
  startStack,
  type TestStack,
  type TestStackOptions,
} from "../support/start-stack.ts";

installLocalhostLookup();

const PYTHON = process.env.PYTHON_UNDER_TEST!;
const program = (name: string) => new URL(`python/${name}.py`, import.meta.url).pathname;

let stack: TestStack;
let child: Child | undefined;
afterEach(async () => {
  child?.process.kill("SIGTERM");
  await stack.stop();
});

/** For each service: a variable that only some of them read does no harm. */
const forAll = (variables: Record<string, string>): ServiceVariables =>
  Object.fromEntries(
    ["backend", "gateway-authz", "supply-chain-agent", "market-analysis-agent", "auth-server"].map((name) => [
      name,
      variables,
    ]),
  );

const facts = (text: string) =>
  text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));

describe("a Python agent in the backend's place", () => {
  const call = async (
    modes: TestStackOptions["modes"],
    scheme: "hwk" | "jwks",
    settings: { isPeer?: boolean; hwk?: boolean; otherKey?: boolean } = {},
  ) => {
    const port = await freePort();
    const me = `http://python-agent.localhost:${port}`;
    const variables = {
      ...(settings.isPeer !== false && { AAUTH_PUBLISHED_PEERS: me }),
      ...(settings.hwk && { AAUTH_PUBLISHED_HWK: "true" }),
    };
    stack = await startStack({ modes: { ...modes, signatureScheme: scheme }, env: forAll(variables) });
    const resource = stack.urls.supplyChainAgent;
    const more = settings.otherKey ? ["other-key"] : [];
    child = startChild(PYTHON, [program("agent"), String(port), resource, scheme, ...more]);
    await child.prints(/"step": "end"/);
    const steps = facts(child.stdout()).filter(({ step }) => step !== "end");
    return steps.map(({ step, status, code }) =>
      [step, status, ...(/code=(\w+)/.exec(code)?.slice(1) ?? [])].join(" "),
    );
  };
  const signatureOnly = { authorizationScheme: "signature-only" } as const;

  test("signature only, by name", async () => {
    expect(await call(signatureOnly, "jwks")).toEqual(["first 200"]);
    expect(stack.log()).toContain("does not cover the body");
  });

  test("signature only, by key", async () => {
    expect(await call(signatureOnly, "hwk", { hwk: true })).toEqual(["first 200"]);
  });

  test("with an auth token", async () => {
    expect(await call({}, "jwks")).toEqual(["first 401 authorization_required", "token 200", "again 200"]);
  });

  test("is refused where it is not named", async () => {
    expect(await call(signatureOnly, "jwks", { isPeer: false })).toEqual(["first 401 insufficient_coverage"]);
  });

  test("is refused with another key than it publishes", async () => {
    expect(await call(signatureOnly, "jwks", { otherKey: true })).toEqual(["first 401 invalid_signature"]);
  });
});

describe("a Python resource in the market-analysis agent's place", () => {
  /** A run that asks it; what it saw is its own word. */
  const run = async (
    authorizationScheme: "signature-only" | "autonomous",
    { isPeer = true, signatureScheme = "jwks" }: { isPeer?: boolean; signatureScheme?: "hwk" | "jwks" } = {},
  ) => {
    const modes = { authorizationScheme, signatureScheme };
    const options = { modes, without: ["market-analysis-agent"] };
    stack = await startStack({
      ...options,
      env: (urls) => forAll(isPeer ? { AAUTH_PUBLISHED_PEERS: urls.marketAnalysisAgent } : {}),
    });
    const { marketAnalysisAgent, issuer } = stack.urls;
    const args = [stack.ports.marketAnalysisAgent, marketAnalysisAgent, issuer, "market-analysis:analyze"];
    child = startChild(PYTHON, [program("resource"), ...args.map(String), authorizationScheme], {});
    await child.prints(/"ready": true/);
    const user = await signIn(stack);
    const results = await user.report(await user.run());
    return { results, requests: facts(child.stdout()).filter((fact) => "verified" in fact) };
  };

  test("signature only", async () => {
    const { results, requests } = await run("signature-only");
    expect(requests).toMatchObject([{ verified: true, scheme: "jwks" }]);
    expect(requests[0].covered).not.toContain("content-digest");
    expect(JSON.stringify(results)).not.toContain("No market analysis provided");
  });

  test("cannot verify what is sent to a peer that is not named", async () => {
    const { results, requests } = await run("signature-only", { isPeer: false });
    expect(requests).toMatchObject([
      { verified: false, covered: expect.arrayContaining(["content-digest"]) },
    ]);
    expect(JSON.stringify(results)).toContain("No market analysis provided");
  });

  test("with an auth token of our auth server", async () => {
    const { results, requests } = await run("autonomous");
    expect(requests).toMatchObject([
      { verified: true, scheme: "jwks" },
      { verified: true, scheme: "jwt" },
    ]);
    expect(JSON.stringify(results)).not.toContain("No market analysis provided");
  });

  test("by key alone, then by name where its challenge names another, then with an auth token", async () => {
    const { results, requests } = await run("autonomous", { signatureScheme: "hwk" });
    expect(requests.map(({ verified, scheme }) => [verified, scheme])).toEqual([
      [true, "hwk"],
      [true, "jwks"],
      [true, "jwt"],
    ]);
    expect(JSON.stringify(results)).not.toContain("No market analysis provided");
  });
});

describe("a Python agent in the supply-chain agent's place", () => {
  /** A run over both hops: what the Python agent was asked, and what it was answered by the next. */
  const run = async (authorizationScheme: "signature-only" | "autonomous" | "user-delegated") => {
    stack = await startStack({
      modes: { authorizationScheme },
      without: ["supply-chain-agent"],
      env: (urls) => forAll({ AAUTH_PUBLISHED_PEERS: urls.supplyChainAgent }),
    });
    const { supplyChainAgent, marketAnalysisAgent, issuer } = stack.urls;
    // In a user's name the token has to have what the exchange passes on.
    const passedOn = authorizationScheme === "user-delegated" ? " market-analysis:analyze" : "";
    const scope = `supply-chain:optimize${passedOn}`;
    const args = [stack.ports.supplyChainAgent, supplyChainAgent, issuer, scope, authorizationScheme];
    child = startChild(PYTHON, [program("resource"), ...args.map(String), marketAnalysisAgent]);
    await child.prints(/"ready": true/);
    const prompt = "optimize laptop supply chain and perform market analysis";
    const { status } =
      authorizationScheme === "user-delegated"
        ? await runWithConsent(stack, prompt)
        : await (await signIn(stack)).run();
    const seen = facts(child.stdout());
    return {
      status,
      requests: seen.filter((fact) => "verified" in fact).map(({ verified, scheme }) => [verified, scheme]),
      steps: seen.filter((fact) => "step" in fact).map(({ step, status }) => [step, status]),
    };
  };

  test("signature only", async () => {
    expect(await run("signature-only")).toEqual({
      status: "completed",
      requests: [[true, "jwks"]],
      steps: [["first", 200]],
    });
  });

  test.each([
    ["with an auth token on each hop", "autonomous"],
    ["with a user's consent, and token exchange on the second hop", "user-delegated"],
  ] as const)("%s", async (_what, authorizationScheme) => {
    expect(await run(authorizationScheme)).toEqual({
      status: "completed",
      requests: [
        [true, "jwks"],
        [true, "jwt"],
      ],
      steps: [
        ["first", 401],
        ["token", 200],
        ["again", 200],
      ],
    });
  });
});
