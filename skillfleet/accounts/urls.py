from django.urls import path

from skillfleet.accounts import views

urlpatterns = [
    path("auth/login", views.Login.as_view()),
    path("auth/logout", views.Logout.as_view()),
    path("auth/tokens", views.TokenCollection.as_view()),
    path("auth/tokens/<str:token_key>", views.TokenDetail.as_view()),
    path("user/<str:id>", views.UserDetail.as_view()),
]
