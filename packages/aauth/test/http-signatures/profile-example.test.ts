import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { signRequest } from "../../src/agent/sign-request.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const profile = await readFile(new URL("../../../../docs/february-2026/profile.md", import.meta.url), "utf8");

test("reproduces the example of profile 2.8", async () => {
  const key = await importSigningKey(keys.B.jwk as PrivateJwk, { kid: "key-1" });
  const { signatureBase, headers } = await signRequest(
    {
      method: "POST",
      url: "https://resource.example/reports?month=11",
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode('{"a":1}'),
    },
    {
      profile: february2026,
      key,
      signatureKey: { scheme: "jwks", id: "https://agent.example" },
      now: () => 1_730_217_600,
      nonce: "AAECAwQFBgcICQoLDA0ODw",
    },
  );
  expect(profile).toContain(`\`\`\`text\n${signatureBase}\n\`\`\``);
  expect(profile).toContain(`\nSignature: ${headers.signature}\n`);
  expect(profile).toContain(`\`${key.thumbprint}\``);
});
