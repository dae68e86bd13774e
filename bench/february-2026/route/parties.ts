/** The parties of the requests of `route.ts`. */

export const AUTHORITY = "resource.example";
export const RESOURCE = `https://${AUTHORITY}`;
export const ISSUER = "https://auth.example";
