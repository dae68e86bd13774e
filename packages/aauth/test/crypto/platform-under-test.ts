import { platformCrypto as node } from "../../src/crypto/node.ts";
import { platformCrypto as sodium } from "../../src/crypto/sodium.ts";

/** The cryptography that the package's sources resolve `#crypto` to in this run. */
export const platformUnderTest = process.env.CRYPTO_UNDER_TEST === "sodium" ? sodium : node;
