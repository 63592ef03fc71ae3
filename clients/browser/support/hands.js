// What a person does on a page: finds a part by its heading, fills in, presses, and reads.

import assert from 'node:assert/strict';

/** The part of a page under a heading. */
export function part(page, heading) {
  const named = page.getByRole('heading', {name: heading, exact: true});
  return page.locator('main section').filter({has: named});
}

/** Presses a button of a page or of a part of it. */
export async function press(place, name) {
  await place.getByRole('button', {name, exact: true}).click();
}

/** Presses a button that asks whether that is really meant, and says yes. */
export async function pressAndAgree(place, name) {
  await press(place, name);
  const dialog = questionOn(place);
  await dialog.getByRole('button', {name, exact: true}).click();
}

/** Presses such a button, and says no. */
export async function pressAndRefuse(place, name) {
  await press(place, name);
  const dialog = questionOn(place);
  await press(dialog, 'Keep it as it is');
  await dialog.waitFor({state: 'detached'});
}

/** What a page asks before it does something grave. */
export function questionOn(place) {
  return (place.page?.() ?? place).getByRole('dialog');
}

/** Waits until a page tells what was done. */
export async function done(page, notice) {
  await page.locator('p.notice.done').filter({hasText: notice}).waitFor();
}

/** Waits until a page tells why something was not done. */
export async function refused(page, notice) {
  await page.locator('p.notice.failed').filter({hasText: notice}).waitFor();
}

/** Waits until a part of a page says something. */
export async function says(place, text) {
  await place.getByText(text).first().waitFor();
}

/** What a click on a copy button leaves in the clipboard. */
export async function copied(page, button) {
  const clicked = await button.elementHandle();
  await button.click();
  await page.waitForFunction((it) => /^Copied /.test(it.ariaLabel), clicked);
  return page.evaluate(() => navigator.clipboard.readText());
}

/** The id at the end of the address of a page. */
export function idOf(page, start) {
  const id = new URL(page.url()).pathname.split('/').at(-1);
  assert(id.startsWith(start), `${page.url()} has no id that begins with ${start}`);
  return id;
}
