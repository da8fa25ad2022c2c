// A button in each password field that shows what was typed. Without scripts there is no button.
"use strict";
for (const secret of document.querySelectorAll(".secret")) {
  const input = secret.querySelector("input");
  const { show, hide, what } = secret.dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.setAttribute("aria-controls", input.id);
  const reveal = (isVisible) => {
    input.type = isVisible ? "text" : "password";
    button.textContent = isVisible ? hide : show;
    button.setAttribute("aria-label", `${button.textContent}: ${what}`);
  };
  button.addEventListener("click", () => reveal(input.type === "password"));
  // Browsers remember what was typed into a field of text.
  input.form.addEventListener("submit", () => reveal(false));
  reveal(false);
  secret.append(button);
  secret.classList.add("secret-open");
}
