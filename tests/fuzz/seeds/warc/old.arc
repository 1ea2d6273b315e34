filedesc://old.arc 0.0.0.0 19990102030405 text/plain 69
1 1 Somebody
URL IP-address Archive-date Content-type Archive-length

http://a.example/ x 192.0.2.7 19990203040506 text/html 56
HTTP/1.0 200 OK
Content-Type: text/html

<p>1999</p>

dns:a.example 192.0.2.7 19990203040506 text/dns 41
20000101000000
a.example. IN A 192.0.2.7

