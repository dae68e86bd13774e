import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import keys from "../vectors/keys.json" with { type: "json" };

// The example of docs/reference/profile-draft-11.md 4.6, computed from the page with the platform
// alone.
const page = readFileSync(new URL("../../../../docs/reference/profile-draft-11.md", import.meta.url), "utf8");
const example = page.slice(page.indexOf("### 4.6"), page.indexOf("## 5."));
const [tokenParts = "", base = "", fields = ""] = Array.from(
  example.matchAll(/```\w+\n([^`]+)\n```/g),
  ([, block = ""]) => block,
);
const key = createPrivateKey({ key: keys.B.jwk, format: "jwk" });

test("the token of the example consists of the header and the payload shown, signed with the key named", () => {
  const signingInput = tokenParts
    .split("\n")
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");
  const signature = sign(null, Buffer.from(signingInput), key).toString("base64url");
  expect(base).toContain(`"signature-key": sig=jwt;jwt="${signingInput}.${signature}"\n`);
});

test("digest, signature and thumbprint of the example are right", () => {
  const digest = createHash("sha256").update('{"resource":"https://resource.example"}').digest("base64");
  expect(base).toContain(`"content-digest": sha-256=:${digest}:\n`);

  const parameters = base.slice(base.lastIndexOf(": ") + 2);
  expect(fields).toBe(
    `Signature-Input: sig=${parameters}\nSignature: sig=:${sign(null, Buffer.from(base), key).toString("base64")}:`,
  );

  const { crv, kty, x } = createPublicKey(key).export({ format: "jwk" });
  const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
  expect(example).toContain(`\`${thumbprint}\``);
});
