/* Comfort for the admin site. Every page works without it. */
'use strict';
{
    const byId = (id) => document.getElementById(id);

    /* What was typed and not saved is not lost by a click beside it. */
    function guardUnsavedChanges(form) {
        const state = () => new URLSearchParams(new FormData(form)).toString();
        const before = state();
        // A form that came back with errors holds what was typed and nobody has saved.
        const cameBack = Boolean(form.querySelector('#error-summary'));
        let sending = false;
        form.addEventListener('submit', () => { sending = true; });
        window.addEventListener('pageshow', (event) => { if (event.persisted) { sending = false; } });
        window.addEventListener('beforeunload', (event) => {
            if (!sending && (cameBack || state() !== before)) {
                event.preventDefault();
            }
        });
    }

    /* One press is one request, also for an impatient finger. */
    function sendOnce(form) {
        let sent = false;
        form.addEventListener('submit', (event) => {
            if (sent) { event.preventDefault(); }
            sent = true;
        });
        window.addEventListener('pageshow', () => { sent = false; });
    }

    /* Parts of a form that belong to one choice: data-when="name=value". Without a script all of them show. */
    function followChoice(part) {
        const [name, value] = part.dataset.when.split('=');
        const form = part.closest('form');
        const update = () => part.classList.toggle('erp-hidden', new FormData(form).get(name) !== value);
        form.addEventListener('change', update);
        update();
    }

    async function copy(button) {
        const field = byId(button.dataset.copy);
        const result = byId('copy-result');
        field.select();
        try {
            await navigator.clipboard.writeText(field.value);
            result.textContent = 'Copied.';
        } catch {
            // Without HTTPS a browser offers no clipboard; the text is selected, and this older way mostly works.
            result.textContent = document.execCommand('copy') ? 'Copied.' : 'Selected: copy it with Ctrl+C.';
        }
    }

    /* System users are suggested while a login is typed. */
    function suggestSystemUsers(field, address) {
        const list = document.createElement('datalist');
        list.id = 'system-user-list';
        field.after(list);
        field.setAttribute('list', list.id);
        field.setAttribute('autocomplete', 'off');
        let timer = 0;
        let last = null;
        const ask = async () => {
            if (field.value === last) { return; }
            last = field.value;
            const response = await fetch(`${address}?term=${encodeURIComponent(last)}`);
            if (!response.ok) { return; }
            const {results} = await response.json();
            list.replaceChildren(...results.map(({login, name}) => {
                const option = document.createElement('option');
                option.value = login;
                option.label = name;
                return option;
            }));
        };
        field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 200); });
        field.addEventListener('focus', ask);
    }

    document.querySelectorAll('.change-form #content-main > form, form[data-guard]').forEach(guardUnsavedChanges);
    document.querySelectorAll('form[data-once]').forEach(sendOnce);
    document.querySelectorAll('[data-when]').forEach(followChoice);
    document.querySelectorAll('[data-copy]').forEach((button) => {
        button.hidden = false;
        button.addEventListener('click', () => copy(button));
    });
    const suggestions = byId('system-user-suggestions');
    const systemUser = byId('id_system_user');
    if (suggestions && systemUser) { suggestSystemUsers(systemUser, suggestions.dataset.url); }
    // At the end of loading: Django's own script, which loads when it likes, puts the focus into the first field.
    window.addEventListener('load', () => byId('error-summary')?.focus());
}
