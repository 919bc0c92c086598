"""The customers' door: public forms, signed links, My Account → Tickets."""

from flask import Blueprint

bp = Blueprint("portal", __name__, template_folder="templates")
