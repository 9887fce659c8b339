// An OpenID Connect provider for tests: two people, who sign in by their name alone.
import Provider from "../../../.clients/browser/node_modules/oidc-provider/lib/index.js";
import http from "node:http";

const [, , port, client, secret, redirect] = process.argv;
const people = {
  ada: { email: "ada@work.example", email_verified: true, groups: ["developers"] },
  olga: { email: "olga@work.example", email_verified: true, groups: ["operators"] },
  mallory: { email: "operator@localhost", email_verified: false, groups: [] },
};
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: client, client_secret: secret, redirect_uris: [redirect],
    grant_types: ["authorization_code"], response_types: ["code"],
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  features: { devInteractions: { enabled: true } },
});
http.createServer(provider.callback()).listen(Number(port), "localhost", () => console.log("ready"));
