import { AAuthVerificationError, draft11 } from "aauth";
import { type AgentProfile, importVerificationKey, type KeyClaim, type WireProfile } from "aauth/wire";

const { messages, verification, answers } = draft11;
const KEY = new RegExp(`^${messages.label}=hwk;kty="OKP";crv="Ed25519";x="([\\w-]{43})"$`);

/** Parsed `Signature-Key`. */
interface BareKey extends KeyClaim {
  readonly x: string;
}

/**
 * Draft -11 for a caller that proves a key and nothing else, as an agent does at its provider
 * before it has a token: scheme `hwk` (signature-key -09, section 3) in place of the draft's own.
 */
export const draft11Key: WireProfile<"pseudonymous"> & AgentProfile = {
  ...draft11,
  messages: {
    ...messages,
    endpoints: { resource: { ...messages.endpoints.resource!, schemes: ["hwk"], tokenTypes: [] } },
    formatKeyClaim(_credential, { publicJwk }) {
      if (publicJwk.kty !== "OKP") throw malformed();
      return `${messages.label}=hwk;kty="OKP";crv="Ed25519";x="${publicJwk.x}"`;
    },
    parseKeyClaim(value): BareKey {
      const x = KEY.exec(value)?.[1];
      if (x === undefined) throw malformed();
      return { label: messages.label, scheme: "hwk", x };
    },
  },
  verification: {
    checks: verification.checks,
    claimedJwk: async (claim) => jwkOf(claim),
    levels: ["pseudonymous"],
    // Every caller that is verified has proven its key.
    validateRequirement() {},
    unmet: () => undefined,
    resolvers: {
      async hwk(claim, { recorder, profile }) {
        recorder.skip("token", "scheme hwk has none");
        recorder.enter("key");
        const key = await importVerificationKey(jwkOf(claim));
        recorder.noteKey(key, "header");
        const caller = { profile: profile.name, scheme: "hwk", level: "pseudonymous" };
        return {
          keys: [key],
          expired: false,
          identify: ({ publicJwk, thumbprint }) => ({ ...caller, key: publicJwk, thumbprint }),
        };
      },
    },
  },
  // No token of the draft's helps here.
  answers: { ...answers, refuse: (error) => answers.refuse(error, { level: "server" }) },
  // An answer asks for nothing that such a caller could add.
  calls: {
    checkChallenge: draft11.calls.checkChallenge,
    readResponse: () => ({}),
    decide: (state, { type }) => ({
      state,
      step: type === "started" ? { do: "send", as: "key" } : { do: "answer" },
    }),
  },
};

const jwkOf = (claim: KeyClaim) => ({ kty: "OKP", crv: "Ed25519", x: (claim as BareKey).x });

const malformed = () =>
  new AAuthVerificationError(
    "malformed_signature_key",
    'expected the form sig=hwk;kty="OKP";crv="Ed25519";x="…"',
  );
