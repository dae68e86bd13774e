/**
 * Candidates that the resolvers of every profile make alike.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import type { ProvenCaller, VerificationKey } from "../types.ts";
import type { CallerCandidate, ResolverContext } from "./verification.ts";

type Recorder = ResolverContext["recorder"];

/** Which key of which published key set. */
interface NamedKey {
  readonly kind: DiscoveryKind;
  /** Identifier of the caller. */
  readonly id: string;
  readonly kid: string;
}

/**
 * A caller whose key is in the key set that it publishes. A key from the cache may have been replaced since.
 *
 * @throws AAuthError of the discovery group, and of `importKey`
 */
export async function publishedCandidate(
  { kind, id, kid }: NamedKey,
  context: {
    readonly discovery: Discovery;
    readonly recorder: Recorder;
    importKey(jwk: unknown): Awaitable<VerificationKey>;
    identify(proven: VerificationKey): ProvenCaller;
  },
): Promise<CallerCandidate> {
  const { discovery, recorder, importKey, identify } = context;
  const { jwk, source } = await discovery.key(kind, id, kid);
  const key = await importKey(jwk);
  recorder.noteKey(key, source);
  return {
    keys: [key],
    expired: false,
    identify(proven) {
      discovery.proven?.(kind, id);
      return identify(proven);
    },
    ...(source === "discovery-cache" && {
      async replacedKey() {
        const replaced = await discovery.replacedKey(kind, id, kid, jwk);
        if (replaced === undefined) return undefined;
        const newKey = await importKey(replaced);
        recorder.noteKey(newKey, "discovery");
        return newKey;
      },
    }),
  };
}

/** Notes the confirmation key of a token. */
export function enterTokenKey(key: VerificationKey, source: string, recorder: Recorder): void {
  recorder.enter("key");
  recorder.noteKey(key, source);
}
