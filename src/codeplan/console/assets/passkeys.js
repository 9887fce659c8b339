// Passkeys: the server's question goes to the device, the device's answer back as a form.
async function ask(form) {
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.dataset.ask, { method: "POST", body });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function answered(form) {
  const question = await ask(form);
  if (form.dataset.passkey === "add") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(question);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(question);
  return navigator.credentials.get({ publicKey });
}

export function passkeys() {
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) return;
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const credential = await answered(form);
        form.elements.answer.value = JSON.stringify(credential.toJSON());
        form.submit();
      } catch {
        form.querySelector("[role=alert]").hidden = false;
      }
    });
  });
}
