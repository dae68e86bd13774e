import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";

const FILE_NAME = "credential.json";
const OWNER_ONLY = 0o600;

const keySchema = { kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string().length(43) };
const fileSchema = z.strictObject({
  sub: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  jwk: z.strictObject({ ...keySchema, d: z.string().length(43) }),
});

/** A delegate's persistent identity: its name, and the key by which the agent server knows it. */
export interface Credential {
  readonly sub: string;
  /**
   * Signs client assertions only. Requests are signed with a key that is generated at each start.
   */
  readonly key: CryptoKey;
  readonly publicJwk: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
}

/**
 * Loads the credential from a folder. The first start creates it, readable only by its owner.
 *
 * @throws Error if the file is malformed or readable by others
 */
export async function loadCredential(folder: string): Promise<Credential> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE_NAME);
  await createIfAbsent(path);
  const file = await open(path, "r");
  try {
    // As in ssh, a private key that others can read is refused.
    if (((await file.stat()).mode & 0o077) !== 0)
      throw new Error(`${path} can be read by others: chmod 600 it`);
  } finally {
    await file.close();
  }
  const { sub, jwk } = await read(path);
  const { kty, crv, x } = jwk;
  return { sub, key: (await importJWK(jwk, "EdDSA")) as CryptoKey, publicJwk: { kty, crv, x } };
}

async function read(path: string): Promise<z.output<typeof fileSchema>> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    // Omits the cause, because the parser's message would quote the private key.
    throw new Error(`${path} is malformed; delete it to become a new delegate`);
  }
}

async function createIfAbsent(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "wx", OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  try {
    const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const { kty, crv, x, d } = (await exportJWK(privateKey)) as JWK;
    const sub = `delegate-${randomBytes(4).toString("hex")}`;
    await file.writeFile(`${JSON.stringify({ sub, jwk: { kty, crv, x, d } }, null, 2)}\n`);
  } finally {
    await file.close();
  }
}
