// Version 5, the one that most servers in use have: the same walk as with version 6.
import { Issuer, custom, generators } from "openid-client-5";
import { hear, say } from "./conversation.mjs";

custom.setHttpOptionsDefaults({ timeout: 30_000 }); // a machine under load is slower than its 3.5 seconds

const wanted = await hear();
const issuer = await Issuer.discover(wanted.issuer);
const client = new issuer.Client({
  client_id: wanted.client_id,
  ...(wanted.client_secret ? { client_secret: wanted.client_secret } : {}),
  redirect_uris: [wanted.redirect_uri],
  post_logout_redirect_uris: [wanted.post_logout_redirect_uri],
  response_types: [wanted.response_type],
  token_endpoint_auth_method: wanted.method,
});

const code_verifier = generators.codeVerifier();
const state = generators.state();
const nonce = generators.nonce();
say({
  address: client.authorizationUrl({
    scope: wanted.scope,
    code_challenge: generators.codeChallenge(code_verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...(wanted.response_mode ? { response_mode: wanted.response_mode } : {}),
  }),
});

const { address, body } = await hear();
// What comes in a fragment or a form is read by the page or by the framework, not by this version.
const parameters =
  body === null && !address.includes("#")
    ? client.callbackParams(address)
    : Object.fromEntries(new URLSearchParams(body ?? new URL(address).hash.slice(1)));
const checks = { code_verifier, state, nonce, response_type: wanted.response_type };
const tokens = await client.callback(wanted.redirect_uri, parameters, checks);
const userinfo = await client.userinfo(tokens);
const renewed = await client.refresh(tokens);
say({
  version: 5,
  claims: tokens.claims(),
  scope: tokens.scope,
  userinfo,
  renewed: renewed.claims(),
  rotated: renewed.refresh_token !== tokens.refresh_token,
  signOut: client.endSessionUrl({ id_token_hint: renewed, state: "after" }),
});
process.exit();
