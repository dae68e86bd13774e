import { expect, test } from "vitest";
import { createTestDiscovery } from "../../../../packages/aauth/test/february-2026/parties.ts";
import { requireAgentRedirectUri } from "../../src/february-2026/redirect-uri-check.ts";

const AGENT = "http://backend.localhost:8000";

function check(
  uri: string,
  options: { registered?: string[]; development?: boolean; agent?: string; identified?: boolean } = {},
) {
  const { registered, development = true, agent = AGENT, identified = true } = options;
  const discovery = createTestDiscovery({
    documents: {
      [`${AGENT}/.well-known/aauth-agent`]: {
        agent: AGENT,
        jwks_uri: `${AGENT}/jwks.json`,
        ...(registered && { redirect_uris: registered }),
      },
    },
  });
  const requester = { agent, identified, key: {} as never, thumbprint: "" };
  return requireAgentRedirectUri(uri, requester, { discovery, development });
}

test("J9: a URI the agent has published passes, exactly as published", async () => {
  const registered = [`${AGENT}/callback`];
  await check(`${AGENT}/callback`, { registered });
  await check(`${AGENT}/callback`, { registered, development: false });
  for (const uri of [
    `${AGENT}/callback/`,
    `${AGENT}/callback?x=1`,
    `${AGENT}/other`,
    "https://evil.example/callback",
  ]) {
    await expect(check(uri, { registered })).rejects.toMatchObject({ code: "invalid_request", status: 400 });
  }
});

test("J9: without published URIs, the agent's own origin is enough in development only", async () => {
  for (const uri of ["anything", "", "a%20b/c@d?x=@&y=é"]) await check(`${AGENT}/${uri}`);
  for (const uri of [AGENT, `${AGENT}?x=1`, "HTTP://Backend.localhost:8000/x"]) await check(uri);
  await expect(check(`${AGENT}/anything`, { development: false })).rejects.toThrow("not registered");
  for (const uri of [
    "http://backend.localhost:8001/x",
    "http://backend.localhost.evil.example:8000/x",
    "http://backend.localhost:8000@evil.example/x",
    "http://user@backend.localhost:8000/x",
    "http://:pw@backend.localhost:8000/x",
    "http://@backend.localhost:8000/x",
    `${AGENT}/x#fragment`,
    `${AGENT}/x#`,
    "http:/backend.localhost:8000/x",
    "http:\\\\backend.localhost:8000\\x",
    `${AGENT}\\x`,
    ` ${AGENT}/x`,
    `${AGENT}/x\n`,
    "http://backend.local\thost:8000/x",
    `${AGENT}/x?a|b`,
    `${AGENT}/x?a=%zz`,
    "ftp://backend.localhost:8000/x",
    "javascript:alert(1)",
    "not a url",
  ]) {
    await expect(check(uri)).rejects.toThrow("not registered");
  }
});

test("J9: a URI with credentials is refused, published or not", async () => {
  for (const uri of [
    "https://accounts.google.com@evil.example/cb",
    "https://bank.example:443@evil.example/cb",
    "https://@evil.example/cb",
    "http://:pw@backend.localhost:8000/callback",
  ]) {
    for (const development of [true, false]) {
      await expect(check(uri, { registered: [uri], development })).rejects.toMatchObject({
        code: "invalid_request",
        status: 400,
        message: "redirect_uri is not registered for this agent",
      });
    }
  }
});

test("J9: an agent without identity has nowhere to return to", async () => {
  await expect(check(`${AGENT}/x`, { identified: false, agent: "pseudonymous:x" })).rejects.toThrow(
    "not registered",
  );
  await expect(check(`${AGENT}/x`, { agent: "http://nobody.localhost:1" })).rejects.toThrow(
    "could not be read",
  );
});
