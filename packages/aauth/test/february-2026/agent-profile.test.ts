import { expect, test } from "vitest";
import { createAgent } from "../../src/agent/index.ts";
import { february2026Agent } from "../../src/february-2026/agent-profile.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { keyA as key } from "../claim-cases.ts";
import { createTestDiscovery } from "./parties.ts";

const own = { id: "https://agent.example", key, discovery: createTestDiscovery({}) };

test("an agent is not created with a profile for verifiers", () => {
  expect(() => createAgent({ ...own, profile: february2026 as never })).toThrow(
    "profile february-2026 is not for agents: make it with the function of its dialect",
  );
});

test("an agent has no person server, proposes no mission, and requests no token for a sub-agent", async () => {
  const profile = february2026Agent({ signatureScheme: "jwks", authServers: [] });
  const missing = "profile february-2026 has no person servers";
  expect(() => createAgent({ ...own, profile, personServer: "https://ps.example" })).toThrow(
    `personServer: ${missing}`,
  );
  const { proposeMission, tokenForSubAgent } = createAgent({ ...own, profile });
  await expect(proposeMission({ description: "x" })).rejects.toThrow(missing);
  const asked = { subagentToken: "x.y.z", resource: "https://resource.example" };
  await expect(tokenForSubAgent(asked)).rejects.toThrow(missing);
});
