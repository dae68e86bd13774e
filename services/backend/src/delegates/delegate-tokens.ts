import type { VerificationKey } from "aauth";
import { z } from "zod";
import { CLIENT_ASSERTION_TYPE } from "./client-assertion.ts";
import type { IssuedAgentToken } from "./sub-agents.ts";

/** Members of every request, for any kind of agent token. */
export const REQUEST = {
  /** The delegate's own name, as enrolled. */
  sub: z.string().max(64),
  /** Key to bind the token to, which must have signed the request. */
  cnf_jwk: z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string().length(43) }),
};
export const CREDENTIAL = {
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE),
  client_assertion: z.string().max(4096),
};
const draft11Request = z.strictObject({
  ...REQUEST,
  /** Agent that called the delegate and that it is to act for. */
  parent_agent: z.string().max(320),
  ...CREDENTIAL,
});
/** Members of a request in every profile. */
export type DelegateTokenRequest = z.output<z.ZodObject<typeof REQUEST & typeof CREDENTIAL>>;

/** The agent tokens of a wire profile. */
export interface DelegateTokens<Request extends DelegateTokenRequest = DelegateTokenRequest> {
  readonly request: z.ZodType<Request>;
  /** Members that a request of this profile needs, for error messages. */
  readonly members: string;
  /** @throws TokenRefusal for a token that the delegate may not have */
  issue(request: Request, delegate: string, confirmed: VerificationKey): Promise<IssuedAgentToken>;
}

/** Agent tokens of draft -11: for a delegate as the sub-agent of one agent. */
export const draft11Tokens = (
  issue: (parentAgent: string, delegate: string, confirmed: VerificationKey) => Promise<IssuedAgentToken>,
): DelegateTokens<z.output<typeof draft11Request>> => ({
  request: draft11Request,
  members: "sub, cnf_jwk, parent_agent and a client assertion are required",
  issue: ({ parent_agent }, delegate, confirmed) => issue(parent_agent, delegate, confirmed),
});
