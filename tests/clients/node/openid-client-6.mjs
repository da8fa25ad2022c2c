// Version 6: discovery, sign-in with state, nonce and PKCE, user info, refresh, sign-out.
import * as client from "openid-client";
import { asRequest, hear, say } from "./conversation.mjs";

const wanted = await hear();
const authentication = {
  client_secret_basic: () => client.ClientSecretBasic(wanted.client_secret),
  client_secret_post: () => client.ClientSecretPost(wanted.client_secret),
  none: () => client.None(),
}[wanted.method]();
const config = await client.discovery(new URL(wanted.issuer), wanted.client_id, undefined, authentication, {
  execute: [client.allowInsecureRequests], // the server of a test speaks plain HTTP
});
if (wanted.response_type === "code id_token") {
  client.useCodeIdTokenResponseType(config);
}

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: wanted.redirect_uri,
  scope: wanted.scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
  nonce: expectedNonce,
  ...(wanted.response_mode ? { response_mode: wanted.response_mode } : {}),
});
say({ address: address.href });

const tokens = await client.authorizationCodeGrant(config, asRequest(await hear()), {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
say({
  version: 6,
  claims,
  scope: tokens.scope,
  userinfo,
  renewed: renewed.claims(),
  rotated: renewed.refresh_token !== tokens.refresh_token,
  signOut: client.buildEndSessionUrl(config, {
    id_token_hint: renewed.id_token,
    post_logout_redirect_uri: wanted.post_logout_redirect_uri,
    state: "after",
  }).href,
});
process.exit();
