// Accounts: sign up, sign in with the wrong and the right password, log out; with and without scripts.
import { expect, signUp, somebody, test } from '../fixtures'

test.describe('with scripts', () => {
  test('sign up, log out, sign in', async ({ page, visit }) => {
    const person = somebody()
    await visit('/sign-up')
    await signUp(page, person)
    await expect(page.getByRole('main')).toContainText(person.email)
    await page.getByRole('main').getByRole('button', { name: 'Log out' }).click()
    await expect(page.getByRole('banner').getByRole('link', { name: 'Sign in' })).toBeVisible()
    await visit('/sign-in')
    await page.getByLabel('Email').fill(person.email)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(/\/account$/)
  })

  test.describe('refused', () => {
    // The browser reports an answer of 4xx in the console by itself.
    test.use({ expectedErrors: [/status of (401|409|422)/] })

    test('a wrong password is refused, the right one let in', async ({ page, visit, context }) => {
      const person = somebody()
      await visit('/sign-up')
      await signUp(page, person)
      await context.clearCookies()
      await visit('/sign-in')
      await page.getByLabel('Email').fill(person.email)
      await page.getByLabel('Password', { exact: true }).fill('not the password')
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByRole('alert').filter({ hasText: /match/ })).toBeFocused()
      await page.getByLabel('Password', { exact: true }).fill(person.password)
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
      await expect(page).toHaveURL(/\/account$/)
    })

    test('a taken email and a weak password are said at their fields', async ({ page, visit, context }) => {
      const person = somebody()
      await visit('/sign-up')
      await signUp(page, person)
      await context.clearCookies()
      await visit('/sign-up')
      await page.getByLabel('Email').fill(person.email)
      await page.getByLabel('Password', { exact: true }).fill(person.password)
      await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click()
      await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true')
      await page.getByLabel('Email').fill(somebody().email)
      await page.getByLabel('Password', { exact: true }).fill('short')
      await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click()
      await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('aria-invalid', 'true')
    })
  })

  test('a page that needs a sign-in says why and comes back', async ({ page, visit, server }) => {
    const person = somebody()
    await visit('/sign-up')
    await signUp(page, person)
    await page.context().clearCookies()
    await page.goto(`${server.url}/account`)
    await expect(page).toHaveURL(/\/sign-in\?next=/)
    await page.getByLabel('Email').fill(person.email)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(/\/account$/)
  })
})

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false })

  test('the forms work before WebAssembly has loaded', async ({ page, server }) => {
    const person = somebody()
    await page.goto(`${server.url}/sign-up`)
    await signUp(page, person)
    await page.getByRole('main').getByRole('button', { name: 'Log out' }).click()
    await page.goto(`${server.url}/sign-in`)
    await page.getByLabel('Email').fill(person.email)
    await page.getByLabel('Password', { exact: true }).fill('not the password')
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toContainText(/match/)
    await page.getByLabel('Email').fill(person.email)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(/\/account$/)
  })
})
