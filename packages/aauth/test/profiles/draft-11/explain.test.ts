import { expect, it } from "vitest";
import { explainMessage } from "../../../src/explain/index.ts";
import { draft11 } from "../../../src/profiles/draft-11/index.ts";
import {
  agentToken,
  authToken,
  discoveryOf,
  now,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  requestOf,
  TO_READ,
} from "./kit.ts";

const options = {
  profile: draft11,
  audience: RESOURCE,
  trustedIssuers: [PERSON_SERVER, "https://as.example"],
  now,
};
const url = `${RESOURCE}/data`;

it.each([
  ["agent", agentToken],
  ["person", personToken],
  ["auth", authToken],
])("a message with an %s token is explained, and another implementation agrees", async (kind, make) => {
  const request = await requestOf({ body: "{}", signatureKey: { scheme: "jwt", jwt: await make() } });
  const explanation = await explainMessage({ ...request, url }, { ...options, discovery: discoveryOf() });
  expect(explanation).toMatchObject({
    ...{ verdict: "accepted", signatureBase: { agree: true }, secondOpinion: { verifies: true } },
    tokens: [{ header: { typ: `aa-${kind}+jwt` } }],
  });
  expect(explanation.checks.map(({ name, section }) => ({ name, section }))).toEqual(
    draft11.verification.checks.map(({ name, section }) => ({ name, section })),
  );
});

it("a refusal has its check and section", async () => {
  const request = await requestOf();
  const own = { ...options, discovery: discoveryOf(), requirement: TO_READ };
  const { verdict, code, checks } = await explainMessage({ ...request, url }, own);
  expect([verdict, code]).toEqual(["refused", "person_required"]);
  expect(checks.find((check) => check.verdict === "failed")).toMatchObject({
    ...{ name: "requirement", section: "draft -11, section 6", code: "person_required" },
  });
});
