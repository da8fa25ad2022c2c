// Sends the only form of the page at once (OAuth 2.0 Form Post Response Mode). Without scripts its button does.
"use strict";
const form = document.getElementById("form-post");
const button = document.getElementById("form-post-continue");
HTMLFormElement.prototype.submit.call(form); // also when a parameter is called "submit"
// A press of the button meanwhile would send the code twice, which looks like theft. If the application does not
// answer, the button is there again.
button.disabled = true;
setTimeout(() => { button.disabled = false; }, 5000);
