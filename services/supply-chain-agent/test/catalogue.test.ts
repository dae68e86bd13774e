import { february2026, parseAgentAuth } from "aauth/february-2026";
import { signedRequest } from "aauth/testing";
import { expect, test } from "vitest";
import { inject, SELF, type Stack, startStack } from "./stack.ts";

const LIMITS = {
  SUPPLY_CHAIN_CATALOGUE_PSEUDONYMOUS_PER_MINUTE: "1",
  SUPPLY_CHAIN_CATALOGUE_IDENTIFIED_PER_MINUTE: "2",
  SUPPLY_CHAIN_CATALOGUE_AUTHORIZED_PER_MINUTE: "3",
};
type SignatureKey = NonNullable<Parameters<typeof signedRequest>[0]["signatureKey"]>;

async function read({ app, agent, clock }: Stack, signatureKey: SignatureKey) {
  const url = `${SELF}/catalogue`;
  return inject(
    app,
    await signedRequest({ profile: february2026, url, key: agent.key, signatureKey, now: clock.now }),
  );
}

test("the catalogue is for every caller that signs, and states the caller's level", async () => {
  const stack = await startStack();
  const reply = await read(stack, { scheme: "hwk" });
  expect(reply.json()).toEqual({
    level: "pseudonymous",
    laptops: expect.arrayContaining([{ model: "MacBook Pro", vendor: "Apple", unitPrice: 2500 }]),
  });
  expect((await stack.app.inject("/catalogue")).statusCode).toBe(401);
});

test("each level has more of it than the one below", async () => {
  const stack = await startStack(LIMITS);
  const hwk = { scheme: "hwk" } as const;
  const jwks = { scheme: "jwks", id: stack.agent.id } as const;
  const jwt = { scheme: "jwt", jwt: await stack.issueAuthToken() } as const;
  const statuses = async (key: SignatureKey, count: number) => {
    const answers = [];
    for (let index = 0; index < count; index++) answers.push((await read(stack, key)).statusCode);
    return answers;
  };
  expect(await statuses(hwk, 2)).toEqual([200, 429]);
  expect(await statuses(jwks, 3)).toEqual([200, 200, 429]);
  expect(await statuses(jwt, 4)).toEqual([200, 200, 200, 429]);
  const pseudonymous = await read(stack, hwk);
  expect(pseudonymous.headers["agent-auth"]).toBe('httpsig; identity=?1; algs=("ed25519")');
  expect(Number(pseudonymous.headers["retry-after"])).toBeGreaterThan(0);
  const identified = await read(stack, jwks);
  expect(parseAgentAuth(String(identified.headers["agent-auth"])).level).toBe("authorized");
  expect((await read(stack, jwt)).headers).not.toHaveProperty("agent-auth");
  expect(stack.log()).toContain("Rate limit reached for this level");
});
