import { LIBSODIUM_FLAG } from "../scripts/demo/stack.ts";

/** Whether this process measures that. Whatever runs `aauth` for it has to be started the same way. */
export const withLibsodium = process.execArgv.includes(LIBSODIUM_FLAG);
