// An application as the documentation of the library shows one: a button each, and what came of it as JSON in the page.
"use strict";
const library = window.oidc ?? window.Oidc;
const userStore = new library.WebStorageStateStore({ store: sessionStorage });
const manager = new library.UserManager({ ...settings, userStore });

const show = (outcome) => {
  document.getElementById("outcome").textContent = JSON.stringify(outcome);
};

const attempt = async (step, work) => {
  try {
    show({ step, ...(await work()) });
  } catch (error) {
    show({ step, error: error.error ?? error.message });
  }
};

const person = (user) => ({
  profile: user.profile,
  scope: user.scope,
  state: user.state,
  token: user.access_token,
  refresh: user.refresh_token ?? null,
});

const steps = {
  // Both of these leave the page.
  "sign-in": () => manager.signinRedirect({ state: { page: "where I was" } }),
  "sign-out": () => manager.signoutRedirect(),
  renew: async () => person(await manager.signinSilent()),
  call: async () => {
    const user = await manager.getUser();
    const answer = await fetch(settings.api, { headers: { Authorization: `Bearer ${user.access_token}` } });
    return { status: answer.status, rows: (await answer.json()).value.length };
  },
};
for (const [id, work] of Object.entries(steps)) {
  document.getElementById(id).addEventListener("click", () => attempt(id, work));
}

if (location.pathname === "/callback") {
  attempt("callback", async () => person(await manager.signinRedirectCallback()));
} else if (location.pathname === "/silent") {
  manager.signinSilentCallback();
} else if (location.pathname === "/signed-out") {
  attempt("signed-out", async () => {
    await manager.signoutRedirectCallback();
    return { user: await manager.getUser() };
  });
}
