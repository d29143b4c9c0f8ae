import { anyOf, type BounceTextRule } from './bounce-text-rule.ts';

/** How servers say that they refuse this sender, or this mail: nothing of it is about the person. */
export const senderRefusalTexts: readonly BounceTextRule[] = [
  {
    cause: 'policy',
    why: 'unauthenticated',
    says: anyOf(
      'sender is unauthenticated|unauthenticated (?:e-?mail|mail|sender)',
      '\\b(?:spf|dkim|dmarc|sender[- ]?id)\\b.{0,80}(?:fail|reject|polic|not pass|not aligned|not authorized|not permitted|not allowed|invalid|missing|required|error|violat|alignment|record|settings)',
      '(?:fail|reject|violat|not pass|due to|because of|lacks?|missing|required?|without|bad).{0,60}\\b(?:spf|dkim|dmarc)\\b',
      'not (?:allowed|authorized|permitted|designated) to (?:send|use)\\b.{0,40}(?:domain|behalf|from)',
      'required authentication level|anti-?spoofing',
    ),
  },
  {
    cause: 'policy',
    why: 'blocklisted',
    says: anyOf(
      'spamhaus|spamcop|\\bsorbs\\b|\\bsurbl\\b|\\buribl\\b|\\bpsbl\\b|uceprotect|abuseat\\.org|backscatterer|invaluement|barracudacentral',
      '\\b(?:dns|r|d|dr)bl\\b|ipcheck\\.|sender\\.office\\.com',
      '\\bblocked (?:using|for abuse)|envelope blocked|:blocked\\b|_is_blocked',
      'block ?list|black-? ?list|deny-? ?list',
      '(?<!not )\\blisted (?:in|on|at|by|as)\\b',
      '\\b(?:ip|client|host|server|network|domain)\\b.{0,60}\\b(?:blocked|banned)\\b|(?:blocked|banned) (?:sending )?(?:ip|sender|host)',
      "messages from .{0,60}weren't sent|open proxy|\\bIP=[\\d.:a-f]+ -",
    ),
  },
  {
    cause: 'policy',
    why: 'rate-limited',
    says: anyOf(
      'rate[- ]?limit|unusual rate|unexpected volume|excessive (?:rate|volume|number)|throttl|try again slower|too (?:fast|quickly)|trop de connexions',
      'too many (?:connections?|messages?\\b(?! on the server)|mails?|e-?mails?|recipients|concurrent|(?:smtp )?sessions?|requests|invalid|unknown|errors?|bad|con\\w*)',
      '(?:sending|sent|outbound|hourly|daily|message|send) (?:\\w+ )?(?:limit|quota)s? (?:exceeded|reached)|exceeded (?:the |your |its )?(?:\\w+ )?(?:sending|send|message|daily|hourly|rate) (?:limit|quota)|reached (?:a|the|your) limit for sending',
      '(?:tenant|threshold).{0,20} exceeded|max(?:imum)? (?:number of )?(?:e-?mail|message|connection|recipient)s? (?:per (?:connection|hour|day|session)|exceeded)|connection .{0,20}limit',
      'user complaints|complaint rate',
    ),
  },
  {
    cause: 'policy',
    why: 'poor-reputation',
    says: anyOf(
      'reputation|suspicious due to|suspiciously like',
      '\\bTSS\\d\\d\\b|\\bBL\\d\\d\\b|\\b(?:RP|SC|OU|DY|CO)-00\\d\\b|\\(S\\d{4}\\) ?You can',
      'not (?:currently )?accepting? (?:mail|messages|connections) from (?:your|this) (?:ip|server|host)',
      'dynamic ips?\\b|residential ip|dial-?up',
    ),
  },
  {
    cause: 'policy',
    why: 'reverse-dns',
    says: anyOf(
      'reverse[- ](?:dns|lookup|hostname|record)|\\bptr\\b|\\bf?c?rdns\\b|no reverse|ip name lookup failed|unresolvable relay',
      'cannot (?:find your (?:reverse )?hostname|resolve your address)|mismatches client ip|does not point to the sending ip',
      'helo (?:command )?rejected|bad helo|invalid (?:helo|ehlo)|helo .{0,40}(?:does not|invalid|not accepted)',
    ),
  },
  // What our own provider says of our own account, before an account is taken for the recipient's.
  {
    cause: 'policy',
    why: 'sender-account',
    says: anyOf(
      '(?:your|sending|sender\\S{0,2}|customer) (?:\\w+ )?(?:account|domain|subscription) (?:\\w+ ){0,3}(?:suspended|disabled|blocked|locked|deactivated|inactive|closed|not (?:active|verified|activated))',
      // A sandbox, or an account that is closed: "Domain … is not allowed to send: …", "Sending paused for this account".
      '\\b(?:domain|account)\\b.{0,100}\\bnot allowed to send\\b(?! to\\b)|\\bsending\\b.{0,30}\\baccount\\b.{0,30}\\b(?:paused|disabled|suspended|blocked)|sending (?:is )?(?:paused|disabled|suspended) for',
      'credits? exceeded|(?:e-?mail )?address is not verified|domain is not verified|not a registered gateway user|mail from not owned',
    ),
  },
  {
    cause: 'policy',
    why: 'sender-refused',
    says: anyOf(
      'sender (?:e-?mail )?(?:address )?(?:rejected|refused|denied|blocked|verif\\w+|not allowed|not pre-approved|unknown|invalid|is invalid|is spammer|domain)',
      '(?:bad|invalid|banned|unverified|forged|bogus|unroutable) (?:outbound |envelope )?(?:sender|from address|return[- ]path|mail from)|emetteur invalide',
      '(?:^|\\b(?:your|the) |\\bmail )(?:sender|from|return[- ]path)(?: (?:e-?mail|address|account|domain))* (?:is |was |could |does |do )?(?:not (?:be )?(?:found|exist|known|allowed|permitted|verified|match)|unknown|nonexistent)|^unknown sender\\b',
      'address your mail came from|does not match a verified|SendAs ?Denied|send (?:mail )?(?:as|on behalf of) (?:this|another|the specified) (?:sender|user|account)',
      'domain of sender|(?:sender|sending) (?:address )?(?:domain|server) .{0,40}(?:not|does|must|blocked)',
      'verification failed for <|\\bbatv\\b|null sender|sender has null mx|empty envelope sender',
      'from(?::| address| header| domain) .{0,60}(?:not (?:verified|allowed|owned)|must match|rejected|is invalid)',
    ),
  },
  {
    cause: 'policy',
    why: 'sign-in',
    says: anyOf(
      'authentication (?:is )?(?:required|failed|unsuccessful|credentials)|requires authentication|auth is required',
      'username and password not accepted|must issue a starttls',
    ),
  },
  {
    cause: 'policy',
    why: 'relay-denied',
    says: anyOf(
      'relay(?:ing)?(?: access)? (?:is )?(?:denied|not permitted|not allowed|prohibited|rejected|forbidden|disabled)',
      '(?:unable|not permitted|not allowed|cannot|refuse[sd]?|do(?:es)? not|won.t) (?:to )?relay|no relaying|insecure mail relay',
      'list of allowed rcpthosts',
    ),
  },
  {
    cause: 'content',
    why: 'malware',
    says: anyOf(
      '(?<!(?:spam or |spam/))\\bvirus(?:es)?\\b|malware|trojan|phish|infected|malicious',
      'potential(?:ly)? (?:security|harmful|dangerous)|content presents a potential',
    ),
  },
  {
    cause: 'policy',
    why: 'rejected-as-spam',
    says: anyOf(
      '(?:as|considered?|suspected|suspect|detected|suspicion of|identified|classified|likely|looks? like|contains?|possible|probable|probably|be|is|for|thinks .{0,20}is|similar to) (?:to be |as |a |an |unsolicited |bulk |possible |mostly )*(?:spam|ube|uce|junk|unsolicited|bulk)\\b',
      '\\bspam\\b.{0,30}(?:detected|score|points|content|check|reject|filter|message|refus|block|polic|suspect|accept|list|not allowed|engine|url|exceeded)',
      '(?:rejected|denied|blocked|refused|score\\w*|too much|no|probability|(?:high|failed) .{0,30}|accept|[-:(>]) ?(?:being |of |by |for |anti)*spam',
      'unsolicited (?:mail|bulk|commercial|e-?mail)|bulk (?:e-?mail|mail|advertising)|spam-?(?:my|like)|spamming|anti ?spam|mass mailer|message filtered|junk ?mail',
      'DT:SPM|\\bPH01\\b|\\bHM0[78]\\b|\\bCS01\\b|\\bOFR[ _]?506\\b|^spam\\b|recurrent pattern detection',
    ),
  },
  {
    cause: 'content',
    why: 'message-too-large',
    says: anyOf(
      '(?:message|mail|e-?mail|body|header)s?(?: file)?(?: size| length)? (?:is |was )?(?:too (?:large|big|long)|exceed\\w*(?: \\S+){0,5} (?:size|limit|maximum|fixed))',
      '(?<!mailbox )size (?:limit |of .{0,30})?exceed|exceed\\w* (?:the |our |your )?(?:\\w+ )?(?:fixed |maximum |max )(?:message |mail )?(?:size|limit)|larger than the (?:current )?(?:system )?limit',
      '(?:exceed\\w*|violat\\w*|maximum|max) .{0,30}message size|size limit for|RecipSizeLimit|SizeLimitExceeded|line limit exceeded|taille limite',
    ),
  },
  {
    cause: 'content',
    why: 'malformed-message',
    says: anyOf(
      'not RFC ?(?:2822|5322|822|2047)?[- ]?compliant|non-?compliant|bare (?:lf|cr|linefeed)|malformed (?:message|mail|header|mime|address)|(?:message|header).{0,20} malformed',
      'multiple (?:addresses|from|subject|to|date)\\b.{0,20}|duplicate (?:\\w+ )?header|headers? (?:are not accepted|error)',
      '(?:missing|invalid|bad) (?:or duplicate )?(?:\\S+ )?headers?\\b',
    ),
  },
  {
    cause: 'content',
    why: 'content-refused',
    says: anyOf(
      'attachment|(?:mail|message) content (?:denied|rejected|refused)|reject\\w* (?:banned|mail) content|unacceptable content|content (?:filter|restriction|rejected|blocked)',
      '(?:rejected|refused|blocked|denied|not accepted) (?:due to|because of|for|by) (?:its |the )?(?:content|body|subject|url|link)',
      '(?:contains?|containing) (?:a |an )?(?:forbidden|prohibited|blocked|banned|suspicious) (?:url|link|content|word|file)',
    ),
  },
];
