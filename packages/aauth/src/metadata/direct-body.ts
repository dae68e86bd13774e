/**
 * The short way to the body of a response, where its transport knows one. The long way is its web stream, and making one costs more than
 * what most answers are read for.
 *
 * @module
 */

import { readAtMost } from "./read-at-most.ts";

/** A response whose body can be had without a web stream has this method; undefined when one has been made, or the body read. */
export const takeBody: unique symbol = Symbol("take the body");

export interface DirectBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Whoever takes a body and does not read it lets it go. */
  discard(): void;
}

type MaybeDirect = Response & { readonly [takeBody]?: () => DirectBody | undefined };

/** Lets a body go that nobody wants, so that its connection serves again. */
export async function discardBody(response: Response): Promise<void> {
  const direct = (response as MaybeDirect)[takeBody]?.();
  if (direct === undefined) await response.body?.cancel();
  else direct.discard();
}

/**
 * The bytes of a body.
 *
 * @throws RangeError when there are more than `maxBytes`.
 */
export function readBodyAtMost(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  return readAtMost((response as MaybeDirect)[takeBody]?.()?.chunks ?? response.body, maxBytes);
}
