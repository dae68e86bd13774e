/**
 * A separate module, because it loads the dialects and another implementation, which most readers
 * of a run never need.
 */

import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { independentSignatureBase, type MessageToExplain } from "aauth-explain";

/** @throws Error as `independentSignatureBase` */
export const independentBase = (message: Pick<MessageToExplain, "method" | "url" | "headers">): string =>
  independentSignatureBase(message, [draft11, february2026]);
