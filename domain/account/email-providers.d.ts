declare module 'email-providers' {
  /** Domains where anybody gets a mailbox: free-mail and internet providers, and some disposable ones. */
  const domains: readonly string[];
  export default domains;
}
