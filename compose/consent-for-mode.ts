/**
 * `consent-for-mode.ts PASSWORD_FILE`: sets at the running auth server (Keycloak or the embedded one) which scopes need the user's
 * consent, as AAUTH_AUTHORIZATION_SCHEME wants it. `npm run consent` changes it while everything runs.
 */

import { readFileSync } from "node:fs";
import { openConsentPolicy } from "../scripts/consent/consent-policy.ts";

/** What a person is asked about in user-delegated mode. */
const DELEGATED_SCOPES = ["supply-chain:optimize"];

const [passwordFile = ""] = process.argv.slice(2);
const isDelegated = process.env.AAUTH_AUTHORIZATION_SCHEME === "user-delegated";
const policy = await openConsentPolicy({
  authServer: process.env.KEYCLOAK_URL ?? "http://localhost:8080",
  realm: process.env.KEYCLOAK_REALM ?? "aauth-test",
  admin: "admin",
  password: readFileSync(passwordFile, "utf8"),
});
const { scopes, prefixes } = await policy.read();
const others = scopes.filter((scope) => !DELEGATED_SCOPES.includes(scope));
const wanted = isDelegated ? [...others, ...DELEGATED_SCOPES] : others;
await policy.write({ scopes: wanted, prefixes });
console.log(`Scopes that need the user's consent: ${wanted.join(" ") || "none"}`);
