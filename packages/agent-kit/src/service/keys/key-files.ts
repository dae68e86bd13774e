import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../config/config-error.ts";

/** A file of a key folder. */
export interface KeyFile {
  readonly name: string;
  readonly text: string;
  /** Time of its last change, Unix seconds. */
  readonly writtenAt: number;
}

const OWNER_ONLY = 0o600;
const MAX_BYTES = 262_144;
/** Name of a temporary file, which {@link KeyFiles.create} leaves behind if it is killed. */
export const UNFINISHED = /^\..+\.[0-9a-f]{12}$/;
const STICKY = 0o1000;

/**
 * Files of private keys in one folder. They are created once and never changed, so a reader finds a
 * complete file or none. No error quotes the content of a file.
 */
export class KeyFiles {
  readonly #folder: string;
  readonly #service: string;

  private constructor(folder: string, service: string) {
    this.#folder = folder;
    this.#service = service;
  }

  /** @throws ConfigError for a folder that cannot be created or read */
  static async open(folder: string, service: string): Promise<KeyFiles> {
    const files = new KeyFiles(folder, service);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await readdir(folder);
      const { uid, mode } = await stat(folder);
      // hole K5
      if (!isTrusted(uid) || (mode & 0o022 && !(mode & STICKY))) throw files.problem("", WRITABLE);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw files.problem("", `cannot be used: ${codeOf(error)}`);
    }
    return files;
  }

  names(): Promise<string[]> {
    return readdir(this.#folder);
  }

  /** A string that changes when a file of this name is replaced. Undefined without the file. */
  async version(name: string): Promise<string | undefined> {
    try {
      const { ino, mtimeMs, size } = await stat(join(this.#folder, name));
      return [name, ino, mtimeMs, size].join(" ");
    } catch {
      return undefined;
    }
  }

  /**
   * @returns undefined without the file
   * @throws ConfigError for a file that others can read, or that cannot be read
   */
  async read(name: string): Promise<KeyFile | undefined> {
    let file: FileHandle;
    try {
      // A named pipe would otherwise block the start.
      file = await open(join(this.#folder, name), constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.problem(name, `cannot be read: ${codeOf(error)}`);
    }
    try {
      const { mode, uid, size, mtimeMs, isFile } = await statOf(file);
      if (!isFile || size > MAX_BYTES) throw this.problem(name, "is not a file of keys");
      // In a folder with the sticky bit, as a mounted secret has it, others may add files.
      if (!isTrusted(uid)) throw this.problem(name, "belongs to another user"); // hole K5a
      // Group access is what a mounted secret gives to a process that is not its owner.
      const forbidden = uid === process.getuid?.() ? 0o077 : 0o027;
      if ((mode & forbidden) !== 0) throw this.problem(name, "can be read by others: chmod 600 it"); // hole K1
      return { name, text: await file.readFile("utf8"), writtenAt: Math.floor(mtimeMs / 1000) };
    } finally {
      await file.close();
    }
  }

  /**
   * Creates a file that only its owner can read, unless it exists.
   *
   * @returns whether it was created
   * @throws ConfigError if it cannot be written
   */
  async create(name: string, text: string): Promise<boolean> {
    const beside = join(this.#folder, `.${name}.${randomBytes(6).toString("hex")}`);
    try {
      const file = await open(beside, "wx", OWNER_ONLY);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      // Unlike a rename, a link fails if another process was first.
      // hole K2: await (await import("node:fs/promises")).rename(beside, join(this.#folder, name));
      await link(beside, join(this.#folder, name));
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw this.problem(name, `cannot be written: ${codeOf(error)}`);
    } finally {
      await rm(beside, { force: true }).catch(() => {});
    }
  }

  remove(name: string): Promise<void> {
    return rm(join(this.#folder, name), { force: true });
  }

  /** An error that names the setting and the file. */
  problem(name: string, message: string): ConfigError {
    const path = join(this.#folder, name);
    return new ConfigError(this.#service, [{ name: "AAUTH_KEYS", message: `${path} ${message}` }]);
  }
}

async function statOf(file: FileHandle) {
  const stats = await file.stat();
  return { ...stats, isFile: stats.isFile() };
}

const WRITABLE = "can be written by others: they could put a key of theirs there";

/** Trusted owners of files: root, as of a mounted secret, and the process's user. */
const isTrusted = (uid: number): boolean => uid === 0 || uid === process.getuid?.();

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "unknown error";
