import { type KeptEntry, readEntries, textOf } from "./kept-jwk.ts";
import type { KeyFiles } from "./key-files.ts";

/** Keys of a ring in a file. */
export interface RingFile {
  readonly name: string;
  /** Increases with each rotation. Undefined for an operator's file, which is never changed. */
  readonly generation: number | undefined;
  /** Changes when the file is replaced. */
  readonly version: string | undefined;
  /** Newest first. */
  readonly entries: readonly KeptEntry[];
  /** Unix seconds. */
  readonly writtenAt: number;
}

/** Files of a ring: an operator's, or one for each generation of keys. */
export interface RingFiles {
  /**
   * Reads the current file, unless its version is already known.
   *
   * @throws ConfigError for an unusable file
   */
  read(known?: string): Promise<RingFile | undefined>;
  /** Whether there is a file. @throws if the folder is missing */
  exists(): Promise<boolean>;
  /**
   * Creates the file of a generation, unless it exists, and removes earlier ones.
   *
   * @throws ConfigError where it cannot be written
   */
  write(generation: number, entries: readonly KeptEntry[]): Promise<void>;
}

/** Name of a file that a service has created, with ring and generation. */
export const GENERATION = /^(.+)\.([1-9]\d{0,14})\.json$/;
/** A listed file may be removed by a rotation before it is read. */
const MAX_READS = 5;

export function ringFilesOf(files: KeyFiles, ring: string): RingFiles {
  const fileOf = (generation: number) => `${ring}.${generation}.json`;

  async function generations(): Promise<number[]> {
    const found = (await files.names()).map((file) => GENERATION.exec(file));
    return found.flatMap((match) => (match?.[1] === ring ? [Number(match[2])] : [])).sort((a, b) => b - a);
  }

  async function find(): Promise<Pick<RingFile, "name" | "generation"> | undefined> {
    const names = await files.names();
    const given = [`${ring}.pem`, `${ring}.json`].find((file) => names.includes(file));
    if (given !== undefined) return { name: given, generation: undefined };
    const [generation] = await generations();
    return generation === undefined ? undefined : { name: fileOf(generation), generation };
  }

  return {
    async read(known) {
      for (let reads = 0; reads < MAX_READS; reads++) {
        const found = await find();
        if (found === undefined) return undefined;
        const version = await files.version(found.name);
        if (version !== undefined && version === known) return undefined;
        const file = await files.read(found.name);
        if (file === undefined) continue;
        return { ...found, version, writtenAt: file.writtenAt, entries: readEntries(files, file) };
      }
      throw files.problem(fileOf(1), "is replaced faster than it can be read");
    },
    exists: async () => (await find()) !== undefined,
    async write(generation, entries) {
      if (!(await files.create(fileOf(generation), textOf(entries)))) return;
      for (const earlier of await generations())
        if (earlier < generation) await files.remove(fileOf(earlier));
    },
  };
}
