"""The Content-Security-Policy: strict, and wider only where a page cannot do else."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

WIDER = {
    "/admin/": {
        "script-src": [SELF, UNSAFE_EVAL],  # the admin theme's Alpine evaluates
        "style-src": [SELF, UNSAFE_INLINE],
    },
    "/api/docs": {"style-src": [SELF, UNSAFE_INLINE]},  # Swagger UI's own styles
}


class PathCSPMiddleware(CSPMiddleware):
    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        for prefix, directives in WIDER.items():
            if request.path_info.startswith(prefix):
                parts.replace = {**directives, **(parts.replace or {})}
        return parts
