/**
 * The short way to body and fields of a response, where its transport knows one. The long way is the platform's web stream and its
 * `Headers`, and making either costs more than what most answers are read for.
 *
 * @module
 */

import { readAtMost } from "./read-at-most.ts";

/** A response whose body can be had without a web stream has this method; undefined when one has been made, or the body read. */
export const takeBody: unique symbol = Symbol("take the body");
/** A response whose fields can be had without `Headers` has this method: as `Headers.get`. */
export const readField: unique symbol = Symbol("read a field");

export interface DirectBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** As the response says; NaN where it does not. */
  readonly lengthBytes: number;
  /** All of it, however long it is. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** A body that is taken and not read has to be let go. */
  discard(): void;
}

type MaybeDirect = Response & {
  readonly [takeBody]?: () => DirectBody | undefined;
  readonly [readField]?: (name: string) => string | null;
};

/** The value of a field. @param name in lower case */
export function fieldOf(response: Response, name: string): string | null {
  const direct = response as MaybeDirect;
  return direct[readField] === undefined ? response.headers.get(name) : direct[readField](name);
}

/** Lets go of a body that is not read, so that its connection serves again. */
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
  const direct = (response as MaybeDirect)[takeBody]?.();
  if (direct === undefined) return readAtMost(response.body, maxBytes);
  return direct.lengthBytes <= maxBytes ? direct.bytes() : readAtMost(direct.chunks, maxBytes);
}
