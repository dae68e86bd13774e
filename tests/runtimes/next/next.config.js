import { fileURLToPath } from "node:url";

/** Next itself and the packages are installed in folders beside this one. */
export default { turbopack: { root: fileURLToPath(new URL("../..", import.meta.url)) } };
