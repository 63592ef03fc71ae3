// What makes pages easier to use where scripts run. Every page can be read without it.
'use strict';

// Moments in the reader's own time; the machine's is in the title.
function localize(root) {
    for (const time of root.querySelectorAll('time[datetime]:not([title])')) {
        const at = new Date(time.dateTime);
        if (Number.isNaN(at.getTime())) continue;
        time.title = time.dateTime;
        time.textContent = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    }
    for (const button of root.querySelectorAll('button[data-copy][hidden]')) button.hidden = false;
}

// Copy buttons say that they worked.
document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-copy]');
    if (!button) return;
    const say = (words) => {
        button.ariaLabel = button.ariaLabel.replace(button.textContent, words);
        button.textContent = words;
    };
    try {
        await navigator.clipboard.writeText(button.dataset.copy);
        say('Copied');
    } catch {
        say('Press Ctrl+C');
        const range = document.createRange();
        range.selectNodeContents(button.previousElementSibling ?? button);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
    }
    setTimeout(() => say('Copy'), 2000);
});

// What cannot be taken back is asked for twice; what was sent is not sent again.
document.addEventListener('submit', (event) => {
    const form = event.target;
    // Not `form.method`: that is the input of this name where a form has one.
    if (form.getAttribute('method') !== 'post') return;
    if (form.dataset.confirm && !form.dataset.agreed) {
        event.preventDefault();
        ask(form);
        return;
    }
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
});

function ask(form) {
    const dialog = document.createElement('dialog');
    const question = document.createElement('p');
    question.textContent = form.dataset.confirm;
    const line = document.createElement('div');
    line.className = 'line';
    const no = document.createElement('button');
    no.textContent = 'Keep it as it is';
    no.addEventListener('click', () => dialog.close());
    const yes = document.createElement('button');
    yes.className = 'button danger';
    yes.textContent = form.querySelector('button[type=submit]').textContent;
    yes.addEventListener('click', () => {
        form.dataset.agreed = 'yes';
        dialog.close();
        form.requestSubmit();
    });
    line.append(no, yes);
    dialog.append(question, line);
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
}

// A key that leads to the search.
document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, textarea, select');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (!field) return;
    event.preventDefault();
    field.focus();
});

// Pages that name a stream show what changed as soon as it did: the page is asked for again, and
// the parts that differ are put in the place of the old ones. Nobody who types is disturbed.
function follow(path) {
    const light = document.getElementById('live');
    let asked = false;
    let again = false;
    const refresh = async () => {
        if (asked) { again = true; return; }
        asked = true;
        try {
            const answer = await fetch(location.href, { headers: { 'Purser-Live': '1' } });
            // A session that ended leads to the sign-in page.
            if (answer.redirected) location.assign(answer.url);
            else if (answer.ok) replace(await answer.text());
        } catch { /* The next change tries again. */ }
        setTimeout(() => {
            asked = false;
            if (again) { again = false; refresh(); }
        }, 1000);
    };
    const stream = new EventSource(path);
    // What happened since the page was made, or while nobody told of it, is looked at first.
    stream.onopen = () => {
        if (light) light.hidden = false;
        refresh();
    };
    stream.onerror = () => { if (light) light.hidden = true; };
    stream.onmessage = refresh;
}

function replace(text) {
    const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('main');
    const main = document.querySelector('main');
    if (!fresh || !main) return;
    const focused = document.activeElement?.closest('main *');
    const busy = (part) => part.contains(focused?.closest('form'))
        || [...part.querySelectorAll('input:not([type=hidden]), textarea, select')].some(touched);
    const plain = (part) => {
        const copy = part.cloneNode(true);
        // What is new each time, or was changed by this script, is no change.
        for (const input of copy.querySelectorAll('input[type=hidden]')) input.remove();
        return copy.innerHTML;
    };
    localize(fresh);
    // What was just done stays told.
    const notice = main.querySelector(':scope > p.notice');
    if (notice) fresh.querySelector('h1')?.after(notice.cloneNode(true));
    // What the reader opened stays open.
    const opened = new Set([...main.querySelectorAll('details[open]')].map(nameOf));
    for (const details of fresh.querySelectorAll('details')) {
        details.open = opened.has(nameOf(details));
    }
    const [old, now] = [[...main.children], [...fresh.children]];
    if (old.length !== now.length) {
        if (busy(main)) return;
        main.replaceChildren(...now);
        if (focused) focusLike(main, focused);
        return;
    }
    old.forEach((part, at) => {
        if (busy(part) || plain(part) === plain(now[at])) return;
        now[at].classList.add('changed');
        const had = part.contains(focused);
        part.replaceWith(now[at]);
        if (had) focusLike(now[at], focused);
    });
}

function nameOf(details) {
    return details.querySelector('[aria-label]')?.ariaLabel
        ?? details.querySelector('summary').textContent;
}

// What takes the place of something that had the focus has it, too.
function focusLike(part, old) {
    const words = (it) => it.ariaLabel?.replace(it.textContent, '') ?? it.textContent;
    const goal = (it) => it.getAttribute('href');
    [...part.querySelectorAll(old.tagName)]
        .find((it) => words(it) === words(old) && goal(it) === goal(old))
        ?.focus({ preventScroll: true });
}

function touched(input) {
    if (input.type === 'checkbox' || input.type === 'radio') {
        return input.checked !== input.defaultChecked;
    }
    if (input.tagName === 'SELECT') {
        return [...input.options].some((option) => option.selected !== option.defaultSelected
            && [...input.options].some((other) => other.defaultSelected));
    }
    return input.value !== input.defaultValue;
}

localize(document);
// The menu is open where there is room for it.
if (matchMedia('(max-width: 52rem)').matches) {
    document.querySelector('.places details')?.removeAttribute('open');
}
// What is shown once is not to be replaced.
const isOnce = document.querySelector('[data-once]');
if (document.body.dataset.live && !isOnce) follow(document.body.dataset.live);
