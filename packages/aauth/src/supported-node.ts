/**
 * Throws a clear error on an unsupported version of Node. Imported first, before a dependency would
 * fail.
 *
 * @module
 */

/** The oldest supported version of Node, as in `engines` of package.json. */
const OLDEST = [22, 19] as const;

const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
  throw new Error(`aauth needs Node ${OLDEST.join(".")} or newer; this is Node ${node}.`);
